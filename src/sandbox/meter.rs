//! What a simulated dyno's memory does: lines of log-runtime-metrics, R14, R15, and kills at the quota
//! (HEROKU 3.1, 3.2).

use super::{
    app::{App, Restart},
    dyno::Dyno,
    json,
};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

/// What is measured of one dyno.
#[derive(Debug, Clone)]
pub(super) struct Meter {
    /// Whether log-runtime-metrics was on when it started.
    pub is_on: bool,
    /// Whether the log has that it is up.
    is_told_up: bool,
    next_at: Timestamp,
    count: u64,
}

/// A dyno that is asked to leave takes so long, and is measured meanwhile.
const LEAVES_WITHIN: SignedDuration = SignedDuration::from_secs(25);

impl Meter {
    pub fn new(is_on: bool, started_at: Timestamp, id: &str) -> Self {
        let first = SignedDuration::from_millis(8_000 + number(id, 0) % 14_000);
        Self {
            is_on,
            is_told_up: false,
            next_at: started_at + first,
            count: 0,
        }
    }

    /// 20 to 22 seconds, as has been seen.
    fn go_on(&mut self, id: &str) {
        self.count += 1;
        let apart = 20_000 + number(id, self.count) % 2_000;
        self.next_at += SignedDuration::from_millis(apart);
    }

    /// A dyno that was there before the sandbox is not measured for its past.
    pub fn begin(&mut self, from: Timestamp) {
        self.is_told_up = true;
        let behind = from.duration_since(self.next_at).as_secs();
        if behind > 0 {
            self.next_at += SignedDuration::from_secs((behind / 21 + 1) * 21);
        }
    }
}

/// A number that is always the same for the same place of a text's sequence.
fn number(text: &str, place: u64) -> i64 {
    let digest = Sha256::digest(format!("{text} {place}").as_bytes());
    i64::from(u32::from_be_bytes([
        digest[0], digest[1], digest[2], digest[3],
    ]))
}

/// What is said, by whom, and when.
type Said = (Timestamp, String, String);

impl App {
    /// Measures every dyno until `now`, and ends those that use far too much.
    pub fn meter(&mut self, now: Timestamp) -> Vec<Restart> {
        let (mut said, mut restarts) = (vec![], vec![]);
        self.leaving
            .retain(|(_, until)| now <= *until + LEAVES_WITHIN);
        let mut leaving = std::mem::take(&mut self.leaving);
        for (dyno, until) in &mut leaving {
            while dyno.meter.next_at <= now.min(*until) {
                self.measure(dyno, &mut said);
            }
        }
        self.leaving = leaving;
        let mut ended = vec![];
        // What runs slugs tells of its own processes.
        let is_run = !self.slugs.is_empty();
        for place in 0..self.dynos.len() {
            let mut dyno = self.dynos[place].clone();
            if let ("up", since, false, false) = (
                dyno.state(now).0,
                dyno.state(now).1,
                dyno.meter.is_told_up,
                is_run,
            ) {
                self.dynos[place].meter.is_told_up = true;
                dyno.meter.is_told_up = true;
                said.push((
                    since,
                    format!("heroku[{}]", dyno.name),
                    "State changed from starting to up".to_owned(),
                ));
            }
            if !dyno.meter.is_on && dyno.leak.is_none() {
                continue;
            }
            while dyno.meter.next_at <= now {
                let at = dyno.meter.next_at;
                if self.measure(&mut dyno, &mut said) {
                    ended.push((dyno.name.clone(), at));
                    break;
                }
            }
            self.dynos[place] = dyno;
        }
        // Nothing is replaced before it was measured.
        for (name, at) in ended {
            restarts.extend(self.kill(&name, at, &mut said));
        }
        said.sort_by_key(|(at, ..)| *at);
        for (at, from, text) in said {
            self.say(at, &from, &text);
        }
        restarts
    }

    /// What the log has of a dyno whose place another takes.
    pub fn tell_of_replacement(&mut self, dyno: &Dyno, cause: &str, now: Timestamp) {
        if !self.slugs.is_empty() {
            return;
        }
        let from = format!("heroku[{}]", dyno.name);
        let why = match cause {
            "request" => Some("Restarting"),
            "cycle" => Some("Cycling"),
            _ => None,
        };
        let then = [
            "State changed from up to starting",
            "Stopping all processes with SIGTERM",
        ];
        for text in why.into_iter().chain(then) {
            self.say(now, &from, text);
        }
    }

    /// A dyno goes away, and is measured until it has.
    pub fn leaves(&mut self, dyno: Dyno, now: Timestamp) {
        if dyno.meter.is_on {
            self.leaving.push((dyno, now + LEAVES_WITHIN));
        }
    }

    /// One measurement; tells whether it is to be ended for it.
    fn measure(&mut self, dyno: &mut Dyno, said: &mut Vec<Said>) -> bool {
        let at = dyno.meter.next_at;
        let count = dyno.meter.count;
        dyno.meter.go_on(&dyno.id);
        let (state, _) = dyno.state(at);
        if !matches!(state, "up" | "starting") || at < dyno.started_at {
            return false;
        }
        let quota = json::quota(&dyno.size);
        let used = dyno.used(at);
        self.worst = self.worst.max((100.0 * used / quota).round());
        let from = format!("heroku[{}]", dyno.name);
        if dyno.meter.is_on && self.generation != "fir" {
            let source = format!(
                "source={} dyno=heroku.{}.{}",
                dyno.name,
                self.number,
                self.life(dyno)
            );
            let load = f64::from(u8::try_from(number(&dyno.id, count) % 200).unwrap_or(0)) / 100.0;
            said.push((
                at,
                from.clone(),
                format!("{source} sample#load_avg_1m={load:.2} sample#load_avg_5m={load:.2}"),
            ));
            // The first lines of a dyno tell its load alone.
            if count > 0 {
                let (rss, cache) = (used.min(quota), 8.0);
                let swap = used - rss;
                let total = rss + cache + swap;
                said.push((at, from.clone(), format!("{source} sample#memory_total={total:.2}MB sample#memory_rss={rss:.2}MB sample#memory_cache={cache:.2}MB sample#memory_swap={swap:.2}MB sample#memory_pgpgin=348836pages sample#memory_pgpgout=343403pages sample#memory_quota={quota:.2}MB")));
            }
        }
        if used <= quota {
            return false;
        }
        if self.is_killed_at_quota() {
            return true;
        }
        let is_vast = used > json::most(&dyno.size);
        let error = if is_vast {
            "Error R15 (Memory quota vastly exceeded)"
        } else {
            self.exceeded += 1;
            "Error R14 (Memory quota exceeded)"
        };
        let share = 100.0 * used / quota;
        let mut pair = [
            format!("Process running mem={used:.0}M({share:.1}%)"),
            error.to_owned(),
        ];
        if number(&dyno.id, count) % 2 == 0 {
            pair.reverse();
        }
        said.extend(pair.map(|text| (at, from.clone(), text)));
        is_vast
    }

    /// Private Spaces and Fir have no swap.
    fn is_killed_at_quota(&self) -> bool {
        self.space.is_some() || self.generation == "fir"
    }

    /// Ends a process by force: its dyno crashes and boots again, on Fir another takes its place.
    fn kill(&mut self, name: &str, at: Timestamp, said: &mut Vec<Said>) -> Option<Restart> {
        let place = self.dynos.iter().position(|dyno| dyno.name == name)?;
        let from = format!("heroku[{name}]");
        for text in [
            "Stopping process with SIGKILL",
            "Process exited with status 137",
            "State changed from up to crashed",
            "State changed from crashed to starting",
        ] {
            said.push((at, from.clone(), text.to_owned()));
        }
        if self.generation == "fir" {
            return Some(self.replace(place, "quota", at));
        }
        let down = self.down(&self.dynos[place].process_type.clone(), at);
        let dyno = &mut self.dynos[place];
        dyno.started_at = at;
        Some(Restart {
            at,
            asked_at: at,
            app: self.name.clone(),
            dyno: dyno.name.clone(),
            process_type: dyno.process_type.clone(),
            old_id: dyno.id.clone(),
            new_id: Some(dyno.id.clone()),
            cause: "quota",
            down: down + 1,
            fell: 0,
        })
    }

    /// The UUID that the log has of a dyno: the id of the API, unless a scenario has another.
    fn life(&self, dyno: &Dyno) -> String {
        if self.habits.logs_other_ids {
            let digest = Sha256::digest(dyno.id.as_bytes());
            let bytes = std::array::from_fn(|place| digest[place]);
            return uuid::Builder::from_random_bytes(bytes)
                .into_uuid()
                .to_string();
        }
        dyno.id.clone()
    }
}

impl Dyno {
    /// MB in use.
    fn used(&self, at: Timestamp) -> f64 {
        let age = at.duration_since(self.started_at).as_secs_f64();
        let of_day = self.started_at.as_second().rem_euclid(86_400);
        #[expect(clippy::cast_precision_loss, reason = "seconds of a day")]
        let hour = of_day as f64 / 3_600.0;
        let draw = number(&self.id, self.meter.count.wrapping_add(1 << 40));
        let chance = f64::from(u32::try_from(draw).unwrap_or(0)) / f64::from(u32::MAX) * 2.0 - 1.0;
        self.leak.unwrap_or_default().used(age, hour, chance)
    }
}
