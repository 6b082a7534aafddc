//! Which certificates are believed: the machine's, those of `NODE_EXTRA_CA_CERTS` (which users of
//! the Heroku CLI behind a company proxy have set), and Mozilla's where the machine has none.

use super::Error;
use reqwest::{Certificate, ClientBuilder};
use std::path::Path;

/// Builds a client for a host that is spoken to without TLS, and so without certificates.
///
/// # Errors
/// When none can be built.
pub(super) fn without(builder: ClientBuilder) -> Result<reqwest::Client, Error> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = builder.tls_certs_only(std::iter::empty()).build();
    client.map_err(|error| Error::Variable {
        variable: "TLS".to_owned(),
        why: super::client::cause(&error),
    })
}

/// Builds a client, or says why none can be.
///
/// # Errors
/// When the extra certificates cannot be read.
pub(super) fn build(
    builder: impl Fn() -> ClientBuilder,
    extra: Option<&Path>,
) -> Result<reqwest::Client, Error> {
    let _ = rustls::crypto::ring::default_provider().install_default(); // the second time it says so, which is fine
    let extra = extra.map(read_extra).transpose()?.unwrap_or_default();
    let with_system = builder().tls_certs_merge(extra.clone()).build();
    let client = with_system.or_else(|_| {
        // An image without any CA file: `SSL_CERT_FILE` points nowhere, or the image is from scratch.
        let mozilla = webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .filter_map(|der| Certificate::from_der(der).ok());
        builder().tls_certs_only(mozilla.chain(extra)).build()
    });
    client.map_err(|error| Error::Variable {
        variable: "TLS".to_owned(),
        why: super::client::cause(&error),
    })
}

fn read_extra(path: &Path) -> Result<Vec<Certificate>, Error> {
    let refuse = |why: String| Error::Variable {
        variable: "NODE_EXTRA_CA_CERTS".to_owned(),
        why,
    };
    let pem =
        std::fs::read(path).map_err(|error| refuse(format!("{}: {error}", path.display())))?;
    Certificate::from_pem_bundle(&pem)
        .ok()
        .filter(|certificates| !certificates.is_empty())
        .ok_or_else(|| refuse(format!("{} holds no PEM certificates", path.display())))
}
