//! The generated client, and what each program needs: a channel with a token, and the details of an error.

use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::interceptor::InterceptedService;
use tonic::service::Interceptor;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Request, Status};
use tonic_types::StatusExt;

pub mod shop {
    pub mod v1 {
        tonic::include_proto!("shop.v1");
    }
}

pub mod protogres {
    pub mod v1 {
        tonic::include_proto!("protogres.v1");
    }
}

pub type Error = Box<dyn std::error::Error>;
pub type Connection = InterceptedService<Channel, Token>;

/// Adds the token to each call, where there is one.
#[derive(Clone)]
pub struct Token(Option<MetadataValue<Ascii>>);

impl Interceptor for Token {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(value) = &self.0 {
            request.metadata_mut().insert("authorization", value.clone());
        }
        Ok(request)
    }
}

/// A channel. A token is worth as much as a password, so that it is sent over TLS only.
pub async fn connect(address: &str, ca_file: Option<&str>, token: Option<&str>) -> Result<Connection, Error> {
    let Some(ca_file) = ca_file else {
        let channel = Endpoint::from_shared(format!("http://{address}"))?.connect().await?;
        return Ok(InterceptedService::new(channel, Token(None)));
    };
    let authority = Certificate::from_pem(std::fs::read(ca_file)?);
    let channel = Endpoint::from_shared(format!("https://{address}"))?
        .tls_config(ClientTlsConfig::new().ca_certificate(authority))?
        .connect()
        .await?;
    let header = token.map(|token| format!("Bearer {token}").parse()).transpose()?;
    Ok(InterceptedService::new(channel, Token(header)))
}

/// Why a call failed, for programs: docs/errors.md lists the reasons.
pub fn reason(status: &Status) -> String {
    status.get_details_error_info().map_or("no reason".into(), |info| info.reason)
}
