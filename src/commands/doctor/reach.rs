//! How Heroku is reached: host, proxy, certificates.

use super::{super::Context, Line};
use crate::heroku::Options;

pub fn network(context: &Context<'_>) -> (Vec<Line>, Option<Options>) {
    let options = match Options::from_env(context.env) {
        Ok(options) => options,
        Err(error) => return (vec![Line::of("host", &error.into())], None),
    };
    let host = options.host.machine();
    let mut said = host.to_owned();
    let mut lines = vec![];
    if let Some(proxy) = options.proxy_variable() {
        said = format!("{said}, through the proxy of {proxy}");
    }
    if options.has_extra_certificates() {
        said = format!("{said}, with the certificates of NODE_EXTRA_CA_CERTS");
    }
    if context.env.text("HEROKU_HEADERS").is_some() {
        said = format!("{said}, with the headers of HEROKU_HEADERS");
    }
    lines.push(match options.ignored_host() {
        Some(ignored) => Line::warning(
            "host",
            format!("{said}; HEROKU_HOST '{ignored}' is not a Heroku domain"),
            "unset HEROKU_HOST, or give a Heroku domain or a URL on localhost",
        ),
        None => Line::ok("host", said),
    });
    (lines, Some(options))
}
