//! Runners for other places, as text to be put there: a workflow of GitHub Actions, a `CronJob` of
//! Kubernetes, a task of Windows. A token is in none of them.

use super::{EVERY_MINUTES, Job, launchd::escaped};
use std::fmt::Write as _;

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The package that has the binary for these machines.
const PACKAGE: &str = "heroku-dynos-autorestart-linux-x64";

/// A workflow for a repository that has the schedules in `autorestart.toml`.
#[must_use]
pub fn github_actions() -> String {
    format!(
        r#"# .github/workflows/autorestart.yml
#
# The schedules are autorestart.toml of this repository (autorestart export writes it).
# The token is a secret of the repository, AUTORESTART_TOKEN: an authorization with the scope write, made with
# heroku authorizations:create --scope write --expires-in 7776000 --short (90 days; then make another).
#
# GitHub starts scheduled workflows late, by minutes and at busy hours by more, and in a public repository not at all
# after 60 days without activity: give the schedules a --catch-up of some hours.
name: autorestart
on:
  schedule:
    - cron: '*/{EVERY_MINUTES} * * * *'
  workflow_dispatch:
permissions:
  contents: read
concurrency:
  # a pass that rolls is not cut off by the next one
  group: autorestart
  cancel-in-progress: false
jobs:
  run:
    runs-on: ubuntu-latest
    timeout-minutes: 60
    steps:
      - uses: actions/checkout@v5
      # what was done and missed so far: a miss is reported once, and history tells of all runs
      - uses: actions/cache/restore@v5
        with:
          path: ${{{{ runner.temp }}}}/state
          key: autorestart-${{{{ github.run_id }}}}
          restore-keys: autorestart-
      - run: npm install --no-audit --no-fund --prefix "$RUNNER_TEMP/autorestart" {PACKAGE}@{VERSION}
      - run: '"$RUNNER_TEMP/autorestart/node_modules/{PACKAGE}/bin/autorestart" run --schedules autorestart.toml'
        env:
          HEROKU_API_KEY: ${{{{ secrets.AUTORESTART_TOKEN }}}}
          AUTORESTART_STATE_DIR: ${{{{ runner.temp }}}}/state
      - uses: actions/cache/save@v5
        if: always()
        with:
          path: ${{{{ runner.temp }}}}/state
          key: autorestart-${{{{ github.run_id }}}}
"#
    )
}

/// A `CronJob` with these schedules, and the `ConfigMap` that they are in.
#[must_use]
pub fn kubernetes(schedules: &str) -> String {
    let mut text = r"# kubectl apply --filename autorestart.yaml
#
# The token is a secret of its own, made beforehand from a file that holds nothing else:
# kubectl create secret generic autorestart --from-file=token=PATH
apiVersion: v1
kind: ConfigMap
metadata:
  name: autorestart
data:
  autorestart.toml: |
"
    .to_owned();
    for line in schedules.lines() {
        let _ = writeln!(text, "{}", format!("    {line}").trim_end());
    }
    text + &include_str!("cronjob.yaml")
        .replace("@EVERY_MINUTES@", &EVERY_MINUTES.to_string())
        .replace("@PACKAGE@", PACKAGE)
        .replace("@VERSION@", VERSION)
}

/// A task for the scheduler of Windows.
#[must_use]
pub fn windows_task(job: &Job) -> String {
    let command = escaped(&job.binary.display().to_string());
    let words: Vec<String> = job.words.iter().map(|word| quoted(word)).collect();
    let words = escaped(&words.join(" "));
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- schtasks /create /tn autorestart /xml autorestart.xml -->
<Task version="1.3" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>Restart Heroku dynos that are due, every {EVERY_MINUTES} minutes</Description>
  </RegistrationInfo>
  <Triggers>
    <CalendarTrigger>
      <StartBoundary>2026-01-01T00:00:00</StartBoundary>
      <Repetition>
        <Interval>PT{EVERY_MINUTES}M</Interval>
      </Repetition>
      <ScheduleByDay>
        <DaysInterval>1</DaysInterval>
      </ScheduleByDay>
    </CalendarTrigger>
  </Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{command}</Command>
      <Arguments>{words}</Arguments>
    </Exec>
  </Actions>
  <Principals>
    <Principal id="Author">
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
</Task>
"#
    )
}

/// A word of a command line of Windows.
fn quoted(word: &str) -> String {
    if !word.is_empty() && !word.contains([' ', '\t', '"']) {
        return word.to_owned();
    }
    format!("\"{}\"", word.replace('"', "\\\""))
}
