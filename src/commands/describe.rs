//! `commands --json`: the command line as the plugin is built from it.

use super::Context;
use crate::{
    cli::{Cli, PLUGIN},
    error::exit,
};
use clap::{Arg, Command, CommandFactory as _};
use serde_json::{Value, json};

pub(super) fn describe(context: &Context<'_>) -> u8 {
    let cli = Cli::command();
    let commands: Vec<Value> = PLUGIN
        .iter()
        .filter_map(|(id, app, examples)| {
            let mut words = id.split(' ').filter(|word| !word.is_empty());
            let command = words.try_fold(&cli, |command, word| command.find_subcommand(word))?;
            Some(one(id, command, &json!(app), examples))
        })
        .collect();
    let document = json!({ "version": env!("CARGO_PKG_VERSION"), "commands": commands });
    context
        .ui
        .result(&serde_json::to_string_pretty(&document).unwrap_or_default());
    exit::DONE
}

fn one(id: &str, command: &Command, app: &Value, examples: &[&str]) -> Value {
    let is_index = id.is_empty();
    let text = |styled: Option<&clap::builder::StyledStr>| styled.map(ToString::to_string);
    let summary = if is_index {
        Some("list schedules, and what runs them".to_owned())
    } else {
        text(command.get_about())
    };
    let description = text(command.get_long_about())
        .filter(|_| !is_index)
        .map(|long| {
            long.split_once("\n\n")
                .map_or(String::new(), |(_, rest)| rest.to_owned())
        });
    let (flags, args): (Vec<_>, Vec<_>) = command
        .get_arguments()
        .filter(|arg| !["help", "version"].contains(&arg.get_id().as_str()))
        .partition(|arg| arg.get_long().is_some());
    json!({
        "id": id, "summary": summary, "description": description.unwrap_or_default(), "examples": examples, "app": app,
        "flags": flags.into_iter().map(flag).collect::<Vec<_>>(),
        "args": args.into_iter().map(|arg| json!({ "name": arg.get_id().as_str(), "summary": arg.get_help().map(ToString::to_string), "required": arg.is_required_set() })).collect::<Vec<_>>(),
    })
}

fn flag(arg: &Arg) -> Value {
    let takes_value = arg.get_action().takes_values();
    let options: Vec<String> = if takes_value {
        arg.get_possible_values()
            .iter()
            .map(|value| value.get_name().to_owned())
            .collect()
    } else {
        vec![]
    };
    let name = arg.get_long().unwrap_or_default();
    let complete = match name {
        "app" | "remote" | "process-type" => Some(name),
        "dyno-name" => Some("dyno"),
        _ => None,
    };
    json!({
        "name": name, "char": arg.get_short(), "type": if takes_value { "option" } else { "boolean" },
        "value": arg.get_value_names().filter(|_| takes_value).map(|names| names.join(" ")),
        "summary": arg.get_help().map(ToString::to_string), "group": arg.get_help_heading(), "multiple": matches!(arg.get_action(), clap::ArgAction::Append),
        "options": (!options.is_empty()).then_some(options), "aliases": arg.get_visible_aliases().unwrap_or_default(),
        "hidden": arg.is_hide_set(), "complete": complete,
    })
}
