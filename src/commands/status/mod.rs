//! `status`: what the dynos of an app use, where that leads, and when each is restarted next.

mod screen;

use self::screen::Screen;
use super::Context;
use crate::{
    cli::Status as Flags,
    credentials::Use,
    error::{Error, exit},
    fleet::Fleets,
    heroku::{Client, Platform},
    ledger::Ledger,
    listen,
    memory::Lives,
    observe, pass,
    plan::{Known, Question},
    report::status::Status,
    schedule::{AppName, Schedule},
    snapshot::{App, Formation, Generation, Size},
    state::StateDir,
    store::narrow,
    ui::file::Picture,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use std::cell::RefCell;

/// For so long it is believed that an app is as it was: each look costs requests of the account's quota.
const BELIEVED: SignedDuration = SignedDuration::from_mins(5);
/// How often a status that stays is looked at anew: each dyno tells about every 20 seconds.
const EVERY: SignedDuration = SignedDuration::from_secs(20);

/// What changes seldom.
struct Shape {
    seen_at: Timestamp,
    app: App,
    formation: (Vec<Formation>, bool),
    sizes: Vec<Size>,
    platform: Platform,
}

impl Shape {
    async fn of(context: &Context<'_>, client: &Client, app: &AppName) -> Result<Self, Error> {
        let app = client.app(app.as_str()).await?;
        Ok(Self {
            seen_at: context.clock.now(),
            formation: observe::shape(client, &app).await?,
            app,
            sizes: vec![],
            platform: Platform::default(),
        })
    }
}

pub(super) async fn status(context: &Context<'_>, flags: Flags) -> Result<u8, Error> {
    let app = context.app(&flags.app)?;
    let ui = context.ui;
    let picture = flags.svg.as_deref().map(Picture::at).transpose()?;
    let (client, ..) = context.client(Use::Person).await?;
    let lives = RefCell::new(Lives::default());
    let shape = Shape::of(context, &client, &app).await?;
    // On Fir there is no past, and nothing in the log of memory.
    let is_fir = shape.app.generation == Generation::Fir;
    if flags.watch {
        let stop = super::stop();
        let told = RefCell::new(None);
        let tell = |error: Option<&crate::heroku::Error>| {
            told.replace(error.map(ToString::to_string));
        };
        let listen = async {
            if is_fir {
                return std::future::pending().await;
            }
            listen::follow(&client, context.clock, app.as_str(), &lives, tell).await;
        };
        let stay = async {
            // The past comes at once; nobody waits for a table without it.
            context.clock.sleep(SignedDuration::from_secs(1)).await;
            let mut seen = Some(shape);
            let mut screen = Screen::new(context, picture.as_ref());
            loop {
                match gather(context, &client, &flags, (&app, &mut seen), &lives).await {
                    Ok(status) => screen.show(status, told.borrow().as_deref()),
                    Err(error) => screen.keep(error)?,
                }
                context.clock.sleep(EVERY).await;
            }
            #[expect(unreachable_code, reason = "tells what it fails with")]
            Ok::<u8, Error>(exit::DONE)
        };
        return tokio::select! {
            () = listen => Ok(exit::DONE),
            ended = stay => ended,
            () = stop.set() => Ok(exit::INTERRUPTED),
        };
    }
    let mut unread = None;
    if !is_fir {
        let now = context.clock.now();
        let look = listen::look(&client, context.clock, app.as_str(), now, |_| true).await;
        unread = look.map(|looked| lives.replace(looked)).err();
    }
    let unread = unread.map(|error| error.to_string());
    let seen = (&app, &mut Some(shape));
    let status = gather(context, &client, &flags, seen, &lives).await?;
    let is_drawn = !status.chart.panels.is_empty();
    if let Some(picture) = picture.as_ref().filter(|_| is_drawn) {
        picture.write(&status.chart.svg())?;
    }
    if picture.is_some() && !is_drawn && ui.is_json {
        return Err(nothing_to_draw(&status));
    }
    ui.either(|| status.text(ui.width(), None), || status.json());
    if picture.is_some() && !is_drawn {
        return Err(nothing_to_draw(&status));
    }
    if let Some(why) = unread.filter(|_| !ui.is_json) {
        ui.warn(&format!("{app}: its log cannot be read: {why}"));
    }
    if !status.is_measurable && !ui.is_json {
        ui.hint("the log of an app on Fir has no samples of memory");
    } else if !status.has_memory() && !ui.is_json {
        ui.hint(&format!(
            "the log holds no fresh sample of memory: {} --app {app} --watch waits for the next ones; heroku labs --app {app} tells whether log-runtime-metrics is on",
            context.verb("status")
        ));
    }
    Ok(exit::DONE)
}

fn nothing_to_draw(status: &Status) -> Error {
    Error::Other {
        code: "nothing_to_draw",
        message: format!(
            "the log of {} holds no memory of its dynos to draw",
            status.app
        ),
        hint: Some("with --watch the picture is drawn as samples come".to_owned()),
    }
}

async fn gather(
    context: &Context<'_>,
    client: &Client,
    flags: &Flags,
    (app, seen): (&AppName, &mut Option<Shape>),
    lives: &RefCell<Lives>,
) -> Result<Status, Error> {
    let is_believed = |shape: &Shape| context.clock.now().duration_since(shape.seen_at) < BELIEVED;
    let shape = match seen.take().filter(is_believed) {
        Some(known) => known,
        None => Shape::of(context, client, app).await?,
    };
    let shape = seen.insert(shape);
    let mut snapshot = observe::dynos(client, shape.app.clone(), shape.formation.clone()).await?;
    let all = context.schedules_of(&flags.common).await?;
    let state = StateDir::to_read(context.env)?;
    let all = Fleets::open(&state).expand(&all);
    let schedules: Vec<Schedule> = narrow(all, Some(app), None);
    let lives = lives.borrow().clone();
    snapshot.memory = lives.seen(&snapshot.dynos);
    let lacks_quota = |dyno| snapshot.quota(dyno).is_none();
    if snapshot.formation_dynos().any(lacks_quota) {
        if shape.sizes.is_empty() {
            shape.sizes = client.dyno_sizes().await.unwrap_or_default();
        }
        snapshot.sizes.clone_from(&shape.sizes);
    }
    let ledger = Ledger::new(state.ledger(), String::new());
    let known = Known {
        asked: ledger.asked(&snapshot.app.id)?,
        judged: pass::judged(&state, &schedules),
        ..Known::default()
    };
    let question = Question {
        schedules: &schedules,
        snapshot: &snapshot,
        now: snapshot.at,
        local_now: context.clock.now(),
        remaining: client.usage().1,
        known: &known,
    };
    let (plan, _) = pass::planned(client, &shape.platform, &state, question).await;
    let zone = schedules
        .first()
        .map_or_else(TimeZone::system, Schedule::time_zone);
    Ok(Status::new(&schedules, &snapshot, &plan, &lives, zone))
}
