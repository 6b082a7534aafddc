//! The only printer. stdout is the result; stderr is progress, warnings and hints. A reader that
//! has gone away is not our failure.

use crate::{
    clock::Clock,
    env::Env,
    error::Error,
    execute::{Observer, Progress},
    heroku::redact,
    ledger::Record,
    report::{
        human,
        logfmt::{self, Level, Line},
    },
};
use console::{Style, Term};
use progress::Bars;
use serde::Serialize;
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    io::{self, BufWriter, ErrorKind, IsTerminal as _, Write as _},
    path::PathBuf,
};

pub mod file;
mod log;
mod plainly;
mod progress;
mod question;
mod terminal;
mod wrap;

/// How to print.
pub struct Ui {
    pub is_json: bool,
    is_terminal: bool,
    /// Everything is a line of a log, with the time of this clock.
    log: Cell<Option<Clock>>,
    /// Where, if not on stdout.
    log_file: RefCell<Option<PathBuf>>,
    has_color: bool,
    bars: RefCell<Bars>,
    /// The last thing said of an app, so that it is said once.
    said: RefCell<BTreeMap<String, String>>,
    lost: Cell<bool>,
    /// Whether the line on the screen is that of an action, and waits for its end.
    is_line_open: Cell<bool>,
    /// Lines of what may be drawn over.
    drawn: Cell<usize>,
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
            log: Cell::new(None),
            log_file: RefCell::default(),
            has_color,
            bars: RefCell::new(Bars::new(has_color)),
            said: RefCell::default(),
            drawn: Cell::new(0),
            lost: Cell::new(false),
            is_line_open: Cell::new(false),
        }
    }

    /// Whether a person sits at both ends, and can be asked.
    #[must_use]
    pub fn can_ask(&self) -> bool {
        self.is_terminal && std::io::stdin().is_terminal() && !self.is_json
    }

    /// Whether somebody types.
    #[must_use]
    pub fn has_keyboard(&self) -> bool {
        std::io::stdin().is_terminal()
    }

    /// Whether somebody watches what we do.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.is_terminal
    }

    /// The result, or a part of it.
    pub fn result(&self, text: &str) {
        if self.logged(Level::Info, text) {
            return;
        }
        let text = match self.width() {
            Some(width) if !self.is_json => wrap::wrapped(text, usize::from(width)),
            _ => text.to_owned(),
        };
        self.write(|stdout| stdout.write_all(text.as_bytes()));
    }

    /// Writes one line of stdout.
    fn write(&self, write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) {
        let written = self.bars.borrow().above(|| {
            let mut stdout = BufWriter::new(std::io::stdout().lock());
            write(&mut stdout)?;
            writeln!(stdout).and_then(|()| stdout.flush())
        });
        let is_lost = |error: &io::Error| error.kind() != ErrorKind::BrokenPipe;
        if let Some(error) = written.err().filter(is_lost) {
            self.lost.set(true);
            self.say(&format!("the result could not be written: {error}"));
        }
    }

    /// The result, its lines as they are: for what goes into a file.
    pub fn as_it_is(&self, text: &str) {
        let written = writeln!(std::io::stdout().lock(), "{text}");
        let is_lost = |error: &io::Error| error.kind() != ErrorKind::BrokenPipe;
        self.lost
            .set(self.lost.get() || written.is_err_and(|error| is_lost(&error)));
    }

    /// Whether a result could not be written, and not because nobody wanted it any more.
    #[must_use]
    pub fn has_lost_a_result(&self) -> bool {
        self.lost.get()
    }

    /// Prints while no bar is on the screen; nobody may be there to read it.
    fn above_bars(&self, print: impl FnOnce() -> std::io::Result<()>) {
        let _ = self.bars.borrow().above(print);
    }

    /// The result as the one JSON document.
    pub fn json(&self, value: &impl Serialize) {
        if self.is_log() {
            return self.result(&serde_json::to_string(value).unwrap_or_default());
        }
        self.write(|stdout| Ok(serde_json::to_writer(stdout, value)?));
    }

    /// A result in the place of the one before: for what changes while somebody looks at it. What is taller than
    /// the terminal is cut, but not its foot: what has left it cannot be drawn anew. Elsewhere one follows the
    /// other, without foot.
    pub fn redraw(&self, text: &str, foot: &str) {
        let Some((width, rows)) = self.width().zip(self.rows()) else {
            return self.as_it_is(text);
        };
        let wrapped = |text: &str| wrap::wrapped(text, usize::from(width));
        let (text, foot) = (wrapped(text), wrapped(foot));
        let most = usize::from(rows).saturating_sub(1 + foot.lines().count());
        let lines: Vec<&str> = text.lines().take(most).chain(foot.lines()).collect();
        let term = Term::stdout();
        let _ = term.clear_last_lines(self.drawn.replace(lines.len()));
        let _ = writeln!(&term, "{}", lines.join("\n"));
    }

    /// A bar for a file that is read.
    #[must_use]
    pub fn reading(&self, name: &str, size: Option<u64>) -> progress::Reading {
        progress::Reading::new(name, size, self.has_color)
    }

    /// One of the two, as the user wants it.
    pub fn either<T: Serialize>(&self, human: impl FnOnce() -> String, json: impl FnOnce() -> T) {
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

    /// Rows of the terminal that stdout is.
    #[must_use]
    pub fn rows(&self) -> Option<u16> {
        self.width().map(|_| Term::stdout().size().0)
    }

    pub fn say(&self, text: &str) {
        if self.logged(Level::Info, text) {
            return;
        }
        let width = if self.is_terminal {
            usize::from(Term::stderr().size().1)
        } else {
            usize::MAX
        };
        self.end_line();
        let line = format!("{}\n", wrap::wrapped(text, width));
        self.above_bars(|| std::io::stderr().lock().write_all(line.as_bytes()));
    }

    /// The same, its lines as they are: what is going to be written.
    pub fn say_as_it_is(&self, text: &str) {
        if self.logged(Level::Info, text) {
            return;
        }
        self.end_line();
        let text = format!("{}\n", text.trim_end());
        self.above_bars(|| std::io::stderr().lock().write_all(text.as_bytes()));
    }

    /// Says what is being done; how it went is said when that is known.
    #[must_use]
    pub fn action(&self, text: &str) -> Action<'_> {
        self.above_bars(|| write!(std::io::stderr().lock(), "{text}... "));
        self.is_line_open.set(true);
        Action {
            ui: self,
            text: text.to_owned(),
            is_done: false,
        }
    }

    /// Ends the line of an action, should something come before its end.
    fn end_line(&self) {
        if self.is_line_open.take() {
            self.above_bars(|| writeln!(std::io::stderr().lock()));
        }
    }

    /// A line below everything else that is told anew again and again, on a terminal.
    pub fn countdown(&self, text: &str) {
        self.bars.borrow_mut().idle(text);
    }

    pub fn warn(&self, text: &str) {
        if self.logged(Level::Warn, text) {
            return;
        }
        let label = self.paint("Warning:", &Style::new().yellow().bold());
        self.say(&format!("{label} {}", redact::in_lines(text)));
    }

    pub fn hint(&self, text: &str) {
        let label = self.paint("hint:", &Style::new().cyan());
        self.say(&format!("{label} {}", redact::in_lines(text)));
    }

    /// A failure: with its hint, and as JSON where that is wanted.
    pub fn error(&self, error: &Error) {
        if self.is_json {
            return self.json(&error.json());
        }
        if self.is_log() {
            let line = Line::new(Level::Error, "error").with("code", error.code());
            return self.log(&line.with("msg", error).and("hint", error.hint()));
        }
        let label = self.paint("Error:", &Style::new().red().bold());
        // It may quote what somebody else wrote.
        let said = redact::in_lines(&error.to_string());
        self.say(&format!("{label} {said}"));
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

    /// Puts the terminal right, whatever interrupted us.
    pub fn restore(&self) {
        self.bars.borrow_mut().end();
        if self.is_terminal {
            let _ = Term::stderr().show_cursor();
        }
    }

    /// Says a line of an app, unless it is what was said last.
    fn tell(&self, app: &str, text: &str) {
        let mut said = self.said.borrow_mut();
        let last = said.insert(app.to_owned(), text.to_owned());
        if last.as_deref() != Some(text) {
            self.say(text);
        }
    }
}

/// What is being done, on a line that ends with how it went.
pub struct Action<'a> {
    ui: &'a Ui,
    text: String,
    is_done: bool,
}

impl Action<'_> {
    pub fn done(mut self) {
        self.is_done = true;
    }
}

impl Drop for Action<'_> {
    fn drop(&mut self) {
        let end = if self.is_done { "done" } else { "failed" };
        if self.ui.is_line_open.take() {
            self.ui.say(end);
        } else {
            self.ui.say(&format!("{}... {end}", self.text));
        }
    }
}

impl Observer for Ui {
    fn progress(&self, progress: Progress<'_>) {
        if self.is_json {
            return;
        }
        if self.is_log() {
            self.note(&progress);
        } else if self.is_terminal {
            self.show(progress);
        } else {
            self.narrate(progress);
        }
    }
}

impl Ui {
    /// On a terminal, progress is a bar that goes away.
    fn show(&self, progress: Progress<'_>) {
        let mut bars = self.bars.borrow_mut();
        match progress {
            Progress::Begun { app, steps } => bars.roll(app, steps.len()),
            Progress::Requested(step) => bars.fly(&step.app, &step.dyno, "restarting"),
            Progress::Seen { step, state } => bars.fly(&step.app, &step.dyno, state),
            Progress::Ended(ended) => bars.land(&ended.step.app, &ended.step.dyno),
            Progress::Waiting { app, reason } => bars.wait(app, reason),
            Progress::Over { app } => bars.over(app),
        }
    }

    /// In a log it is a line for each thing; that an app is still waited for is said once.
    fn note(&self, progress: &Progress<'_>) {
        match progress {
            Progress::Waiting { app, reason } => {
                let last = self
                    .said
                    .borrow_mut()
                    .insert((*app).to_owned(), (*reason).to_owned());
                if last.as_deref() == Some(*reason) {
                    return;
                }
            }
            Progress::Over { app } => drop(self.said.borrow_mut().remove(*app)),
            _ => {}
        }
        if let Some(line) = logfmt::progress(progress) {
            self.log(&line);
        }
    }

    /// What a restart bought, while nobody waits for it.
    pub fn measured(&self, record: &Record) {
        if self.is_log() {
            self.log(&logfmt::measured(record));
        } else if self.is_json {
            self.json(&serde_json::json!({ "measured": record }));
        } else if let Some(text) = human::measured(record) {
            self.say(&format!("⬢ {}: {text}", record.app));
        }
    }

    /// Elsewhere it is lines.
    fn narrate(&self, progress: Progress<'_>) {
        match progress {
            Progress::Begun { app, steps } => {
                let dynos = human::dynos(steps.len());
                self.say(&format!("⬢ {app}: {dynos} to restart"));
            }
            Progress::Requested(step) => {
                let (app, dyno, why) = (&step.app, &step.dyno, step.trigger.phrase());
                self.say(&format!("⬢ {app}: {dyno} restarting ({why})"));
            }
            Progress::Ended(ended) => {
                self.say(&format!("⬢ {}: {}", ended.step.app, human::ended(ended)));
            }
            Progress::Waiting { app, reason } => {
                self.tell(app, &format!("⬢ {app}: waiting: {reason}"));
            }
            Progress::Seen { .. } => {}
            Progress::Over { app } => drop(self.said.borrow_mut().remove(app)),
        }
    }
}
