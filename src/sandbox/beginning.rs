//! An app as a scenario has it: there before the sandbox was.

use super::{
    app::{App, Formation, Release},
    dyno::Dyno,
    ids::uuid,
    pipelines::Coupling,
    scenario::{AppScenario, Then},
};
use jiff::{SignedDuration, Timestamp};

impl App {
    pub fn new(scenario: &AppScenario, account: &str, now: Timestamp) -> Self {
        let released_at = now - scenario.released.0.duration();
        let owner = scenario.owner.as_deref().unwrap_or(account);
        let mut app = Self {
            team: scenario.team.clone(),
            coupling: scenario.pipeline.as_deref().and_then(Coupling::of),
            space: scenario.space.clone(),
            collaborators: scenario.collaborators.clone(),
            needs_second_factor: scenario.second_factor,
            generation: scenario.generation.clone(),
            is_in_maintenance: scenario.maintenance,
            releases: vec![Release {
                id: uuid(),
                version: 7,
                description: "Deploy 5ca1ab1e".to_owned(),
                created_at: released_at,
                slug: None,
            }],
            habits: scenario.habits.clone(),
            ..Self::made(&scenario.name, owner, released_at)
        };
        app.features.insert("preboot".to_owned(), scenario.preboot);
        app.features
            .insert("log-runtime-metrics".to_owned(), scenario.metrics);
        for entry in &scenario.formation {
            let command = entry
                .command
                .clone()
                .unwrap_or_else(|| format!("bin/{}", entry.process_type));
            app.formation.push(Formation {
                id: uuid(),
                process_type: entry.process_type.clone(),
                quantity: entry.quantity,
                size: entry.size.clone(),
                command,
                leak: entry.leak,
            });
            for number in 1..=entry.quantity {
                let age =
                    entry.up_for.0.duration() - SignedDuration::from_mins(i64::from(number) - 1);
                let forced = entry
                    .states
                    .get(&number.to_string())
                    .map(|state| (state.clone(), now - age));
                let name = app.name_for(&entry.process_type, number);
                let dyno = app.dyno(&entry.process_type, name, now - age);
                app.dynos.push(Dyno {
                    forced,
                    then: Then::Stay,
                    boot: SignedDuration::from_secs(5),
                    ..dyno
                });
                if let Some(dyno) = app.dynos.last_mut() {
                    dyno.meter.begin(now);
                }
            }
        }
        for one_off in &scenario.one_offs {
            let dyno = app.dyno(
                &one_off.process_type,
                one_off.name.clone(),
                now - SignedDuration::from_hours(2),
            );
            app.dynos.push(Dyno {
                is_one_off: true,
                is_attached: one_off.attached,
                then: Then::Stay,
                command: one_off.command.clone(),
                ..dyno
            });
        }
        app
    }
}
