//! Requests that may demand a second factor: its code is asked for, and given three times at most.

use super::super::Context;
use crate::{
    error::Error,
    heroku::{self, Client},
    stop::Stop,
};

const ATTEMPTS: usize = 3;

/// Whether Heroku wants a code; after one was given, that it was wrong.
fn is_demand(error: &heroku::Error, was_given: bool) -> bool {
    error.code() == "two_factor" || (was_given && error.code() == "unauthorized")
}

/// Sends a request, again with a code where Heroku demands one.
///
/// # Errors
/// When it fails, nobody can be asked for a code, or three were wrong.
pub async fn with_code<T>(
    context: &Context<'_>,
    stop: &Stop,
    client: &Client,
    request: impl AsyncFn(Client) -> Result<T, heroku::Error>,
) -> Result<T, Error> {
    let demand = match stop.unless(request(client.clone())).await {
        Err(Error::Heroku(error)) if is_demand(&error, false) => error,
        answer => return answer,
    };
    if !context.ui.can_ask() {
        let hint = format!(
            "run it at a terminal; or make a token there with heroku authorizations:create --scope write --short, and give it to {} --token-stdin",
            context.verb("auth:setup")
        );
        return Err(Error::Other {
            code: "two_factor",
            message: format!("{demand} There is nobody here to ask for the code"),
            hint: Some(hint),
        });
    }
    context.ui.say(&demand.to_string());
    for attempt in 1..=ATTEMPTS {
        let code = context.ui.secret("Two-factor code", stop).await;
        let code = code.ok_or(Error::Interrupted)?;
        let answer = stop.unless(request(client.with_second_factor(code))).await;
        match answer {
            Err(Error::Heroku(error)) if is_demand(&error, true) => {
                if attempt < ATTEMPTS {
                    let left = ATTEMPTS - attempt;
                    let ui = context.ui;
                    ui.say(&format!(
                        "That code was not accepted; {left} more can be given"
                    ));
                }
            }
            answer => return answer,
        }
    }
    Err(Error::Other {
        code: "two_factor",
        message: format!("{ATTEMPTS} codes of the second factor were not accepted"),
        hint: Some("look at the clock of the device that shows them, then run it again".to_owned()),
    })
}
