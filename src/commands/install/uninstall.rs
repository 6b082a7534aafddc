//! `uninstall`: takes away exactly what `install` wrote.

use super::{
    super::Context,
    place::{crontab, may_run, settle, stop},
};
use crate::{
    cli::Uninstall,
    error::{Error, exit},
    runner::install::{
        cron,
        note::{Note, Taken},
        system,
    },
    state::StateDir,
};
use serde_json::json;

pub(in crate::commands) async fn uninstall(
    context: &Context<'_>,
    flags: Uninstall,
) -> Result<u8, Error> {
    let (ui, state) = (context.ui, StateDir::open(context.env)?);
    let Some(note) = Note::read(state.path())? else {
        ui.either(
            || "No runner is installed on this machine".to_owned(),
            || json!({ "removed": false }),
        );
        return Ok(exit::DONE);
    };
    if !flags.yes {
        if !ui.can_ask() {
            return Err(Error::usage(
                "uninstall asks before it acts, and there is nobody to ask",
                "add --yes",
            ));
        }
        let stop = super::super::stop();
        let question = format!("Take the runner ({}) off this machine?", note.kind);
        match ui.ask(&question, true, &stop).await {
            Some(true) => {}
            Some(false) => {
                ui.say("Nothing was changed");
                return Ok(exit::DONE);
            }
            None => return Err(Error::Interrupted),
        }
    }
    let (mut is_well, mut is_changed) = (true, false);
    // One that somebody ended by hand has ended.
    if let Err(error) = stop(&note.kind)
        && may_run(&note.kind)
    {
        is_well = false;
        ui.warn(&error.to_string());
        error.hint().iter().for_each(|hint| ui.hint(hint));
    }
    for file in &note.files {
        match file.take()? {
            Taken::Gone | Taken::WasGone => {}
            Taken::Changed => {
                (is_well, is_changed) = (false, true);
                ui.warn(&format!(
                    "{} was changed since, and is left as it is",
                    context.env.in_words(&file.path)
                ));
            }
        }
    }
    if let Some(lines) = &note.lines {
        let before = crontab()?;
        match cron::ours(&before) {
            None => {}
            Some(ours) if format!("{ours}\n") == *lines => {
                system::must("crontab", &["-"], &cron::without(&before))?;
            }
            Some(_) => {
                (is_well, is_changed) = (false, true);
                ui.warn("the lines in your crontab were changed since, and are left as they are");
                ui.hint("crontab -e edits them");
            }
        }
    }
    settle(&note.kind);
    if is_well {
        Note::forget(state.path());
    }
    ui.either(
        || {
            if is_well {
                format!("The runner ({}) is off this machine", note.kind)
            } else if is_changed {
                "What was changed by hand is still there; the rest is gone".to_owned()
            } else {
                format!("The runner ({}) may still be on this machine", note.kind)
            }
        },
        || json!({ "removed": is_well, "kind": note.kind }),
    );
    Ok(if is_well { exit::DONE } else { exit::FAILED })
}
