//! The terminal's settings, which a question changes and nothing may leave changed.

#[cfg(unix)]
pub use unix::Kept;

#[cfg(unix)]
mod unix {
    use rustix::{
        stdio::stdin,
        termios::{
            LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush,
            tcgetattr, tcsetattr,
        },
    };

    /// The settings of the terminal on stdin, put back when this value goes.
    pub struct Kept {
        settings: Option<Termios>,
        then: OptionalActions,
    }

    /// No character (`_POSIX_VDISABLE`).
    const NONE: u8 = if cfg!(any(target_os = "linux", target_os = "android")) {
        0
    } else {
        0xff
    };

    impl Kept {
        /// From now on Ctrl-C is a key like others, which waits until it is read: as a signal it
        /// could come between a question and its first look at the keys. What was typed before the
        /// question answers none.
        pub fn with_keys() -> Self {
            let kept = Self::changed(OptionalActions::Now, |settings| {
                settings.local_modes.remove(LocalModes::ISIG);
            });
            let _ = tcflush(stdin(), QueueSelector::IFlush);
            kept
        }

        /// For a text that is not shown. Ctrl-Z is a key: whoever comes back would type it in clear.
        /// What was typed and not read goes with the question, and to no shell.
        pub fn for_secret() -> Self {
            Self::changed(OptionalActions::Flush, |settings| {
                settings.special_codes[SpecialCodeIndex::VSUSP] = NONE;
            })
        }

        /// For as long as secrets are asked for: what is typed before or between two questions is not
        /// shown either.
        pub fn quiet() -> Self {
            Self::changed(OptionalActions::Flush, |settings| {
                settings.local_modes.remove(LocalModes::ECHO);
            })
        }

        fn changed(then: OptionalActions, change: fn(&mut Termios)) -> Self {
            let settings = tcgetattr(stdin()).ok();
            if let Some(mut changed) = settings.clone() {
                change(&mut changed);
                let _ = tcsetattr(stdin(), OptionalActions::Now, &changed);
            }
            Self { settings, then }
        }
    }

    impl Drop for Kept {
        fn drop(&mut self) {
            if let Some(settings) = &self.settings {
                let _ = tcsetattr(stdin(), self.then, settings);
            }
        }
    }
}

/// Windows keeps the mode of its console by itself.
#[cfg(not(unix))]
pub struct Kept;

#[cfg(not(unix))]
impl Kept {
    pub fn with_keys() -> Self {
        Self
    }

    pub fn for_secret() -> Self {
        Self
    }

    pub fn quiet() -> Self {
        Self
    }
}
