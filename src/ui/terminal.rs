//! The terminal's settings, which a question changes and nothing may leave changed.

#[cfg(unix)]
pub use unix::Kept;

#[cfg(unix)]
mod unix {
    use rustix::{
        stdio::stdin,
        termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr},
    };

    /// The settings of the terminal on stdin, put back when this value goes.
    pub struct Kept(Option<Termios>);

    impl Kept {
        /// From now on Ctrl-C is a key like others, which waits until it is read: as a signal it
        /// could come between a question and its first look at the keys.
        pub fn with_keys() -> Self {
            let kept = Self::with_signals();
            if let Some(mut settings) = kept.0.clone() {
                settings.local_modes.remove(LocalModes::ISIG);
                let _ = tcsetattr(stdin(), OptionalActions::Now, &settings);
            }
            kept
        }

        /// Nothing changes by itself.
        pub fn with_signals() -> Self {
            Self(tcgetattr(stdin()).ok())
        }
    }

    impl Drop for Kept {
        fn drop(&mut self) {
            if let Some(kept) = &self.0 {
                let _ = tcsetattr(stdin(), OptionalActions::Now, kept);
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

    pub fn with_signals() -> Self {
        Self
    }
}
