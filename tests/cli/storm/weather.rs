//! What a seed means: the apps of a world, and all that happens to them.

use crate::{calendars::property::Random, fault_matrix::faults as every_fault};
use jiff::SignedDuration;
use serde_json::{Value, json};

/// What happens at some instant.
#[derive(Debug, Clone)]
pub enum Event {
    Deploy(usize),
    /// A config var is set: a release like any other.
    Config(usize),
    Scale(usize, &'static str, u32),
    /// A change of how its dynos boot, from now on.
    Habits(usize, Value),
    Maintenance(usize, bool),
    Answers(usize, Value),
    Dyno(usize, String, &'static str),
    Faults(Value),
    Clear,
    Incident(bool),
    /// How long every answer takes, in milliseconds.
    Latency(i64),
    /// Requests that the account has left.
    Remaining(i64),
    /// As soon as a dyno of the app has been started: while it is rolled.
    Ambush(usize, Box<Event>),
}

impl Event {
    /// Of which app it changes whether Heroku goes on to show when the dyno before was made, and whether.
    pub fn keeps_created_at(&self) -> Option<(usize, bool)> {
        let Self::Habits(app, habits) = self else {
            return None;
        };
        let keeps = habits.get("keeps-created-at").and_then(Value::as_bool);
        Some((*app, keeps.unwrap_or_default()))
    }

    /// What it is, and of which app, where it is about one.
    pub fn what(&self) -> Option<(&'static str, usize)> {
        match self {
            Self::Deploy(app) => Some(("deploy", *app)),
            Self::Config(app) => Some(("config", *app)),
            Self::Scale(app, ..) => Some(("scale", *app)),
            Self::Habits(app, habits) => {
                let is_bad = habits.get("then").is_some_and(|then| then != "stay");
                is_bad.then_some(("bad boots", *app))
            }
            Self::Maintenance(app, is_on) => is_on.then_some(("maintenance", *app)),
            _ => None,
        }
    }
}

/// An app, and what its owner wants.
#[derive(Debug, Clone)]
pub struct AppPlan {
    pub name: String,
    pub generation: &'static str,
    pub has_preboot: bool,
    pub web: u32,
    pub worker: u32,
    /// Dynos of a process type that may be down at once.
    pub max_unavailable: u32,
    /// Times of day; none for an app whose dynos are restarted by their age.
    pub at: Vec<u32>,
    pub catch_up_minutes: i64,
    pub has_check: bool,
    pub has_busy: bool,
}

pub const MAX_UPTIME_HOURS: i64 = 7;

impl AppPlan {
    fn of(random: &mut Random, number: usize) -> Self {
        let is_fir = number == 3 && random.below(2) == 0;
        let mut at: Vec<u32> = (0..2 + random.below(3))
            .map(|_| u32::try_from(random.below(24 * 4) * 15).expect("minutes"))
            .collect();
        at.sort_unstable();
        at.dedup();
        Self {
            name: format!("app-{number}"),
            generation: if is_fir { "fir" } else { "cedar" },
            has_preboot: !is_fir && random.below(5) == 0,
            web: u32::try_from(1 + random.below(4)).expect("few"),
            worker: u32::try_from(random.below(4)).expect("few"),
            max_unavailable: u32::try_from(1 + random.below(5) / 3).expect("few"),
            at: if number == 2 { vec![] } else { at },
            catch_up_minutes: if random.below(2) == 0 { 60 } else { 30 },
            has_check: random.below(3) == 0,
            has_busy: random.below(3) == 0,
        }
    }

    pub fn schedule(&self, router: &str) -> String {
        let times: Vec<String> = self
            .at
            .iter()
            .map(|minutes| format!("{:02}:{:02}", minutes / 60, minutes % 60))
            .collect();
        let when = if times.is_empty() {
            format!("max-uptime = \"{MAX_UPTIME_HOURS}h\"")
        } else {
            let (times, catch_up) = (times.join(","), self.catch_up_minutes);
            format!("at = \"{times}\"\ntimezone = \"UTC\"\ncatch-up = \"{catch_up}m\"")
        };
        let name = &self.name;
        let url = |is_there: bool, key: &str| {
            let url = format!("{key}-url = \"{router}/{name}/{key}\"\n");
            if is_there { url } else { String::new() }
        };
        format!(
            "[[schedule]]\napp = \"{name}\"\n{when}\nmax-unavailable = \"{}\"\nsince = 2026-03-01T00:00:00Z\n{}{}",
            self.max_unavailable,
            url(self.has_check, "check"),
            url(self.has_busy, "busy")
        )
    }

    pub fn scenario(&self) -> String {
        let formation = |kind: &str, quantity: u32| {
            format!(
                "[[app.formation]]\ntype = \"{kind}\"\nquantity = {quantity}\nup-for = \"5h\"\n"
            )
        };
        format!(
            "[[app]]\nname = \"{}\"\ngeneration = \"{}\"\npreboot = {}\n{}{}",
            self.name,
            self.generation,
            self.has_preboot,
            formation("web", self.web),
            formation("worker", self.worker)
        )
    }
}

/// A refusal is one turn in three: the others are of a network that breaks, which has more to break.
fn fault(random: &mut Random) -> Value {
    let (refusals, breaks): (Vec<_>, Vec<_>) = every_fault()
        .into_iter()
        .partition(|kind| kind.get("status").is_some());
    let turn = if random.below(3) == 0 {
        refusals
    } else {
        breaks
    };
    random.among(&turn).clone()
}

fn faults(random: &mut Random, apps: &[AppPlan]) -> Value {
    let name = &random.among(apps).name;
    // An app is asked for by its name at first, then by its id.
    let (any, get, delete) = (Value::Null, json!("GET"), json!("DELETE"));
    let calls = [
        (any.clone(), String::new()),
        (get.clone(), String::new()),
        (any, format!("/apps/{name}")),
        (get.clone(), "/apps/".to_owned()),
        (get.clone(), "/formation".to_owned()),
        (get.clone(), "/dynos".to_owned()),
        (delete.clone(), "/dynos".to_owned()),
        (delete, "/dynos/".to_owned()),
        (get.clone(), "/features/preboot".to_owned()),
        (get.clone(), "/api/v4/".to_owned()),
        (get, "/router/".to_owned()),
    ];
    let (method, path) = random.among(&calls);
    json!([{
        "method": method,
        "path": path,
        "skip": random.below(6),
        "times": 1 + random.below(25),
        "kind": fault(random),
    }])
}

/// How dynos boot for a while; mostly well.
fn habits(random: &mut Random) -> Value {
    let boot = format!("{}s", 1 + random.below(90));
    let lag = format!("{}s", random.below(4) * random.below(60));
    let thens = [
        json!("stay"),
        json!("stay"),
        json!("stay"),
        json!("stay"),
        json!("crash-at-boot"),
        json!("hang"),
        json!({ "crash-after": "40s" }),
        json!({ "flap": "15s" }),
    ];
    let answers = [200, 200, 200, 500];
    json!({
        "boot": boot,
        "lag": lag,
        "then": random.among(&thens),
        "answers": random.among(&answers),
        "absence": format!("{}s", random.below(2) * random.below(15)),
        "overlap": "3m",
        "release-phase": format!("{}s", random.below(3) * random.below(60)),
        "keeps-created-at": random.below(40) == 0,
        "daily-cycle": true,
    })
}

/// All that happens, in its order; the last hours are quiet, and end well.
pub fn events(random: &mut Random, apps: &[AppPlan], days: i64) -> Vec<(SignedDuration, Event)> {
    let minutes = days * 24 * 60;
    let mut events = vec![];
    let after = |minute: i64, seconds: i64| SignedDuration::from_secs(minute * 60 + seconds);
    for _ in 0..days * 90 {
        // Half of them while something rolls.
        let app = usize::try_from(random.below(4)).expect("an app");
        let times = &apps[app].at;
        let at = if times.is_empty() || random.below(4) == 0 {
            after(random.below(minutes), random.below(60))
        } else {
            let day = random.below(days) * 24 * 60;
            let due = i64::from(*random.among(times));
            after(day + due + random.below(8), random.below(60))
        };
        let until = at + SignedDuration::from_mins(1 + random.below(90));
        let kind = *random.among(&["web", "worker"]);
        // Half of what changes an app waits for a roll of it.
        let is_ambush = random.below(2) == 0 && at < after(minutes - 30, 0);
        let change = |event: Event| {
            if is_ambush {
                (at, Event::Ambush(app, Box::new(event)))
            } else {
                (at, event)
            }
        };
        match random.below(15) {
            0 => events.push(change(Event::Deploy(app))),
            9 => events.push(change(Event::Config(app))),
            10 => {
                events.push((at, Event::Latency(random.below(4) * random.below(800))));
                events.push((until, Event::Latency(0)));
            }
            11 => {
                events.push((at, Event::Remaining(random.below(300))));
                events.push((until, Event::Remaining(4_500)));
            }
            1 | 2 => {
                let quantity = u32::try_from(random.below(5)).expect("few");
                events.push(change(Event::Scale(app, kind, quantity)));
            }
            3 | 4 => {
                let habits = habits(random);
                events.push(change(Event::Habits(app, habits)));
                events.push((until, Event::Habits(app, json!({ "daily-cycle": true }))));
            }
            5 => {
                events.push((at, Event::Maintenance(app, true)));
                events.push((until, Event::Maintenance(app, false)));
            }
            6 => {
                let busy = json!({ "/busy": 503, "/check": 503 });
                events.push((at, Event::Answers(app, busy)));
                events.push((until, Event::Answers(app, json!({}))));
            }
            7 => {
                let name = format!("{kind}.{}", 1 + random.below(4));
                let state = *random.among(&["crashed", "idle", "starting", "down"]);
                events.push((at, Event::Dyno(app, name.clone(), state)));
                events.push((until, Event::Dyno(app, name, "up")));
            }
            8 => {
                events.push((at, Event::Incident(true)));
                events.push((until, Event::Incident(false)));
            }
            _ => {
                events.push((at, Event::Faults(faults(random, apps))));
                events.push((until, Event::Clear));
            }
        }
    }
    let end = after(minutes, 0);
    events.retain(|(at, _)| *at < end);
    events.push((end, Event::Clear));
    events.push((end, Event::Incident(false)));
    events.push((end, Event::Latency(0)));
    events.push((end, Event::Remaining(4_500)));
    for app in 0..apps.len() {
        events.push((end, Event::Maintenance(app, false)));
        events.push((end, Event::Answers(app, json!({}))));
        events.push((end, Event::Habits(app, json!({ "daily-cycle": true }))));
    }
    events.sort_by_key(|(at, _)| *at);
    events
}

pub fn apps(random: &mut Random) -> Vec<AppPlan> {
    (0..4).map(|number| AppPlan::of(random, number)).collect()
}
