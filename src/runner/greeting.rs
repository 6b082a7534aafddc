//! What a watch says of itself: that it watches, and that the clock has jumped.

use super::Watch;
use crate::{
    report::{
        human,
        logfmt::{Level, Line},
    },
    schedule::Schedule,
};
use jiff::SignedDuration;

impl Watch<'_> {
    pub(super) fn tell_jump(&self, jump: SignedDuration) {
        let by = human::span(jump);
        let text = if jump.is_positive() {
            format!("the machine slept, or its clock was set forward: {by}")
        } else {
            format!("the clock was set back: {by}")
        };
        if self.ui.is_log() {
            let line = Line::new(Level::Warn, "clock_jumped").with("by_seconds", jump.as_secs());
            self.ui.log(&line.with("msg", text));
        } else {
            self.ui.warn(&text);
        }
    }

    pub(super) fn greet(&self, schedules: &[Schedule]) {
        if self.ui.is_log() {
            let watching = Line::new(Level::Info, "watching")
                .with("schedules", schedules.len())
                .with("version", env!("CARGO_PKG_VERSION"))
                .with("from", self.store.place());
            self.ui.log(&watching);
            self.store
                .missing()
                .iter()
                .for_each(|missing| self.ui.warn(&missing.to_string()));
        } else if !self.ui.is_json {
            let count = schedules.len();
            let noun = if count == 1 { "schedule" } else { "schedules" };
            self.ui.say(&format!(
                "Watching {count} {noun} of {}; Ctrl-C leaves",
                self.store.place()
            ));
            if let Some(missing) = self.store.missing() {
                self.ui.warn(&missing.to_string());
            }
            let now = self.clock.now();
            if let Some((next, zone)) = Schedule::next_of(schedules.iter(), now) {
                let (at, distance) = (human::instant(next, &zone), human::distance(now, next));
                self.ui.say(&format!("next occurrence {at} ({distance})"));
            }
            if count == 0 {
                self.ui
                    .hint("set makes a schedule, which is noticed within seconds");
            }
        }
    }
}
