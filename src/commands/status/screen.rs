//! A status that stays: drawn anew in its place, and marked as old while no newer one can be had.

use crate::{commands::Context, error::Error, report::status::Status, ui::file::Picture};

pub(super) struct Screen<'a> {
    context: &'a Context<'a>,
    picture: Option<&'a Picture<'a>>,
    last: Option<Status>,
    /// What is wrong, and was said.
    trouble: Option<String>,
}

impl<'a> Screen<'a> {
    pub fn new(context: &'a Context<'a>, picture: Option<&'a Picture<'a>>) -> Self {
        Self {
            context,
            picture,
            last: None,
            trouble: None,
        }
    }

    /// Shows what is so now, and why the log cannot be read, if it cannot.
    pub fn show(&mut self, status: Status, unread: Option<&str>) {
        let ui = self.context.ui;
        let picture = self.picture.filter(|_| !status.chart.panels.is_empty());
        let undrawn = picture.and_then(|picture| picture.write(&status.chart.svg()).err());
        let unread = unread.map(|why| format!("{}: its log cannot be read: {why}", status.app));
        let unread = unread.or_else(|| undrawn.map(|error| error.to_string()));
        if ui.is_json {
            ui.json(&status.json());
        } else {
            draw(self.context, &status, unread.as_deref());
        }
        self.last = Some(status);
        self.say(unread);
    }

    /// Keeps what was shown: what was there comes back, be it an answer or a file that somebody edits. An
    /// error that there was from the beginning ends it.
    pub fn keep(&mut self, error: Error) -> Result<(), Error> {
        let is_passing = matches!(&error, Error::Heroku(error) if error.is_transient());
        if self.last.is_none() && !is_passing {
            return Err(error);
        }
        let told = error.to_string();
        if let Some(last) = self.last.as_ref().filter(|_| !self.context.ui.is_json) {
            draw(self.context, last, Some(&format!("not up to date: {told}")));
        }
        self.say(Some(told));
        Ok(())
    }

    /// Says what is wrong where it cannot stand below what is drawn; once, until it is another.
    fn say(&mut self, trouble: Option<String>) {
        let ui = self.context.ui;
        let is_drawn = ui.width().is_some() && !ui.is_json && self.last.is_some();
        if let Some(fresh) = trouble.as_deref().filter(|_| trouble != self.trouble)
            && !is_drawn
        {
            ui.warn(fresh);
        }
        self.trouble = trouble;
    }
}

fn draw(context: &Context<'_>, status: &Status, foot: Option<&str>) {
    let ui = context.ui;
    let foot = foot.map_or_else(String::new, |foot| format!("\n{foot}"));
    let rows = ui
        .rows()
        .map(|rows| rows.saturating_sub(if foot.is_empty() { 1 } else { 4 }));
    ui.redraw(&status.text(ui.width(), rows), &foot);
}
