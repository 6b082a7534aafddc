//! Bars on a terminal: one for each app, while it is rolled or waited for.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{collections::BTreeMap, time::Duration};

pub(super) struct Bars {
    has_color: bool,
    multi: Option<MultiProgress>,
    by_app: BTreeMap<String, Bar>,
    /// What is waited for while no app is.
    idle: Option<ProgressBar>,
}

struct Bar {
    bar: ProgressBar,
    /// The dynos between their request and their proof, with their states.
    flying: BTreeMap<String, String>,
}

/// A file that is read: a bar where its size is known, else a count.
pub struct Reading(ProgressBar);

impl Reading {
    pub(super) fn new(name: &str, size: Option<u64>, has_color: bool) -> Self {
        let (bar, template) = match size {
            Some(size) if has_color => (
                ProgressBar::new(size),
                "{msg} [{bar:30.green}] {bytes}/{total_bytes} {eta}",
            ),
            Some(size) => (
                ProgressBar::new(size),
                "{msg} [{bar:30}] {bytes}/{total_bytes} {eta}",
            ),
            None => (ProgressBar::new_spinner(), "{spinner} {msg} {bytes}"),
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(name.to_owned());
        Self(bar)
    }

    pub fn read(&self, bytes: usize) {
        self.0.inc(bytes as u64);
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl Bars {
    pub fn new(has_color: bool) -> Self {
        Self {
            has_color,
            multi: None,
            by_app: BTreeMap::new(),
            idle: None,
        }
    }

    /// Nothing is done to any app: what is waited for.
    pub fn idle(&mut self, text: &str) {
        let multi = self
            .multi
            .get_or_insert_with(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));
        let bar = self.idle.get_or_insert_with(|| {
            let bar = multi.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
                bar.set_style(style);
            }
            bar
        });
        bar.set_message(text.to_owned());
        bar.tick();
    }

    /// Prints while no bar is on the screen.
    pub fn above<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.multi {
            Some(multi) => multi.suspend(print),
            None => print(),
        }
    }

    /// An app whose roll has so many steps.
    pub fn roll(&mut self, app: &str, steps: usize) {
        let template = if self.has_color {
            "{spinner:.cyan} ⬢ {prefix} [{bar:20.green}] {pos}/{len} {wide_msg}"
        } else {
            "{spinner} ⬢ {prefix} [{bar:20}] {pos}/{len} {wide_msg}"
        };
        let length = u64::try_from(steps).unwrap_or(u64::MAX);
        self.begin(app, ProgressBar::new(length), template);
    }

    /// Why an app is waited for.
    pub fn wait(&mut self, app: &str, reason: &str) {
        if !self.by_app.contains_key(app) {
            let template = "{spinner} ⬢ {prefix} {elapsed} {wide_msg}";
            self.begin(app, ProgressBar::new_spinner(), template);
        }
        if let Some(bar) = self.by_app.get(app) {
            bar.bar.set_message(format!("waiting: {reason}"));
        }
    }

    fn begin(&mut self, app: &str, bar: ProgressBar, template: &str) {
        self.over(app);
        if let Some(idle) = self.idle.take() {
            idle.finish_and_clear();
        }
        let multi = self
            .multi
            .get_or_insert_with(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));
        let bar = multi.add(bar);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸ "));
        }
        bar.set_prefix(app.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        let flying = BTreeMap::new();
        self.by_app.insert(app.to_owned(), Bar { bar, flying });
    }

    /// Nothing is shown any more.
    pub fn end(&mut self) {
        if let Some(idle) = self.idle.take() {
            idle.finish_and_clear();
        }
    }

    /// The state of a dyno that is being restarted.
    pub fn fly(&mut self, app: &str, dyno: &str, state: &str) {
        if let Some(bar) = self.by_app.get_mut(app) {
            bar.flying.insert(dyno.to_owned(), state.to_owned());
            bar.show();
        }
    }

    /// A step of the roll is over.
    pub fn land(&mut self, app: &str, dyno: &str) {
        if let Some(bar) = self.by_app.get_mut(app) {
            bar.flying.remove(dyno);
            bar.bar.inc(1);
            bar.show();
        }
    }

    /// Nothing is done to the app any more.
    pub fn over(&mut self, app: &str) {
        if let Some(bar) = self.by_app.remove(app) {
            bar.bar.finish_and_clear();
        }
        if self.by_app.is_empty() && self.idle.is_none() {
            self.multi = None;
        }
    }
}

impl Bar {
    fn show(&self) {
        let dynos = self.flying.iter();
        let states: Vec<_> = dynos
            .map(|(dyno, state)| format!("{dyno} {state}"))
            .collect();
        self.bar.set_message(states.join(", "));
    }
}
