//! The only printer. stdout is the result; stderr is progress, warnings and hints. A reader that
//! has gone away is not our failure.

use crate::{
    env::Env,
    error::Error,
    execute::{Observer, Progress, Stop},
    plan::Step,
    report::human,
};
use console::{Style, Term};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use std::{
    cell::RefCell,
    collections::BTreeMap,
    io::{IsTerminal as _, Write as _},
    time::Duration,
};

mod terminal;

/// How to print.
pub struct Ui {
    pub is_json: bool,
    is_terminal: bool,
    has_color: bool,
    bars: RefCell<Bars>,
}

#[derive(Default)]
struct Bars {
    multi: Option<MultiProgress>,
    by_app: BTreeMap<String, ProgressBar>,
    /// The last thing said of an app, so that it is said once.
    said: BTreeMap<String, String>,
}

impl Ui {
    #[must_use]
    pub fn new(is_json: bool, env: &Env) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let has_color = std::io::stdout().is_terminal()
            && is_terminal
            && env.text("NO_COLOR").is_none()
            && env.text("TERM") != Some("dumb");
        Self {
            is_json,
            is_terminal,
            has_color,
            bars: RefCell::default(),
        }
    }

    /// Whether a person sits at both ends, and can be asked.
    #[must_use]
    pub fn can_ask(&self) -> bool {
        self.is_terminal && std::io::stdin().is_terminal() && !self.is_json
    }

    /// Whether somebody watches what we do.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.is_terminal
    }

    /// The result, or a part of it.
    pub fn result(&self, text: &str) {
        self.above_bars(|| writeln!(std::io::stdout().lock(), "{text}"));
    }

    /// Prints while no bar is on the screen; nobody may be there to read it.
    fn above_bars(&self, print: impl FnOnce() -> std::io::Result<()>) {
        let _ = match &self.bars.borrow().multi {
            Some(multi) => multi.suspend(print),
            None => print(),
        };
    }

    /// The result as the one JSON document.
    pub fn json(&self, value: &Value) {
        self.result(&serde_json::to_string(value).unwrap_or_default());
    }

    /// One of the two, as the user wants it.
    pub fn either(&self, human: impl FnOnce() -> String, json: impl FnOnce() -> Value) {
        if self.is_json {
            self.json(&json());
        } else {
            self.result(&human());
        }
    }

    /// Columns of the terminal that the result goes to; `None` for a file or a pipe.
    #[must_use]
    pub fn width(&self) -> Option<u16> {
        let is_terminal = std::io::stdout().is_terminal();
        is_terminal
            .then(|| Term::stdout().size().1)
            .filter(|width| *width >= 40)
    }

    pub fn say(&self, text: &str) {
        let width = if self.is_terminal {
            usize::from(Term::stderr().size().1)
        } else {
            usize::MAX
        };
        let line = format!("{}\n", wrapped(text, width));
        self.above_bars(|| std::io::stderr().lock().write_all(line.as_bytes()));
    }

    pub fn warn(&self, text: &str) {
        let label = self.paint("Warning:", &Style::new().yellow().bold());
        self.say(&format!("{label} {text}"));
    }

    pub fn hint(&self, text: &str) {
        let label = self.paint("hint:", &Style::new().cyan());
        self.say(&format!("{label} {text}"));
    }

    /// A failure: with its hint, and as JSON where that is wanted.
    pub fn error(&self, error: &Error) {
        if self.is_json {
            return self.json(&error.json());
        }
        let label = self.paint("Error:", &Style::new().red().bold());
        self.say(&format!("{label} {error}"));
        if let Some(hint) = error.hint() {
            self.hint(&hint);
        }
    }

    /// Paints a word; it says the same without its colour.
    #[must_use]
    pub fn paint(&self, text: &str, style: &Style) -> String {
        if self.has_color {
            style.clone().force_styling(true).apply_to(text).to_string()
        } else {
            text.to_owned()
        }
    }

    /// Asks a yes-or-no question; `None` when there is nobody to ask, or no answer: Esc, Ctrl-C, or
    /// a signal meanwhile.
    pub async fn ask(&self, question: &str, stop: &Stop) -> Option<bool> {
        if !self.can_ask() {
            return None;
        }
        let _as_it_was = terminal::Kept::new();
        let (sender, answer) = tokio::sync::oneshot::channel();
        let question = question.to_owned();
        // It waits for a key, which nothing can interrupt: should we have to go, it stays behind.
        std::thread::spawn(move || {
            let prompt = dialoguer::Confirm::new()
                .with_prompt(question)
                .default(false);
            // Buffered, the question and what hides the cursor are one write.
            sender.send(prompt.interact_on_opt(&Term::buffered_stderr()))
        });
        let answer = tokio::select! {
            answer = answer => answer.ok().and_then(Result::ok),
            () = stop.set() => None,
        };
        if answer.is_none() {
            // Interrupted: what follows does not belong on the question's line.
            self.say("");
        }
        answer.flatten()
    }

    /// Puts the terminal right, whatever interrupted us.
    pub fn restore(&self) {
        if self.is_terminal {
            let _ = Term::stderr().show_cursor();
        }
    }

    fn bar(&self, app: &str, steps: &[Step]) {
        let mut bars = self.bars.borrow_mut();
        let multi = bars
            .multi
            .get_or_insert_with(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));
        let length = u64::try_from(steps.len()).unwrap_or(u64::MAX);
        let bar = multi.add(ProgressBar::new(length));
        let template = if self.has_color {
            "{spinner:.cyan} ⬢ {prefix} [{bar:20.green}] {pos}/{len} {msg}"
        } else {
            "{spinner} ⬢ {prefix} [{bar:20}] {pos}/{len} {msg}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸ "));
        }
        bar.set_prefix(app.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        bars.by_app.insert(app.to_owned(), bar);
    }

    /// Says a line once, above the bars.
    fn tell(&self, app: &str, text: &str) {
        let is_new = self
            .bars
            .borrow_mut()
            .said
            .insert(app.to_owned(), text.to_owned())
            .as_deref()
            != Some(text);
        if is_new {
            self.say(text);
        }
    }

    fn message(&self, app: &str, text: String) -> bool {
        let bars = self.bars.borrow();
        let bar = bars.by_app.get(app);
        bar.inspect(|bar| bar.set_message(text)).is_some()
    }
}

/// Wraps at words, so that a terminal does not cut through them.
fn wrapped(text: &str, width: usize) -> String {
    let (mut lines, mut column) = (String::new(), 0);
    for word in text.split(' ') {
        let length = console::measure_text_width(word);
        if column > 0 && column + 1 + length > width {
            lines.push('\n');
            column = 0;
        } else if !lines.is_empty() {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += length;
    }
    lines
}

impl Observer for Ui {
    fn progress(&self, progress: Progress<'_>) {
        if self.is_json {
            return;
        }
        match progress {
            Progress::Begun { app, steps } if self.is_terminal => self.bar(app, steps),
            Progress::Begun { app, steps } => self.say(&format!(
                "⬢ {app}: {} to restart",
                human::dynos(steps.len())
            )),
            Progress::Requested(step) => {
                if !self.message(&step.app, format!("{} restarting", step.dyno)) {
                    self.say(&format!(
                        "⬢ {}: {} restarting ({})",
                        step.app,
                        step.dyno,
                        step.trigger.phrase()
                    ));
                }
            }
            Progress::Seen { step, state } => {
                self.message(&step.app, format!("{} {state}", step.dyno));
            }
            Progress::Ended(ended) => {
                if let Some(bar) = self.bars.borrow().by_app.get(&ended.step.app) {
                    bar.inc(1);
                }
                if !self.is_terminal {
                    self.say(&format!("⬢ {}: {}", ended.step.app, human::ended(ended)));
                }
            }
            Progress::Waiting { app, reason } => {
                if !self.message(app, format!("waiting: {reason}")) {
                    self.tell(app, &format!("⬢ {app}: waiting: {reason}"));
                }
            }
            Progress::Over { app } => {
                let mut bars = self.bars.borrow_mut();
                if let Some(bar) = bars.by_app.remove(app) {
                    bar.finish_and_clear();
                }
                if bars.by_app.is_empty() {
                    bars.multi = None;
                }
                bars.said.remove(app);
            }
        }
    }
}
