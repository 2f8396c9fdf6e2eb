//! The signer, Region and service in a request's signature. The signature itself is not verified, since there are no keys.

use axum::http::{HeaderMap, header::AUTHORIZATION};

use crate::{refusal::Refusal, sts::Signer};

/// The simulated services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Connect,
    Quotas,
    Sts,
}

/// The content of a signature.
#[derive(Debug)]
pub(super) struct Signature {
    pub signer: Signer,
    pub region: String,
    pub service: Service,
}

/// Reads the credential scope: `Credential=AKID/20260101/us-west-2/connect/aws4_request`.
pub(super) fn read(headers: &HeaderMap) -> Result<Signature, Refusal> {
    let Some(header) = headers.get(AUTHORIZATION) else {
        return Err(Refusal::new(403, "MissingAuthenticationToken", "Missing Authentication Token"));
    };
    let incomplete = |what: &str| Refusal::new(403, "IncompleteSignature", format!("Authorization header {what}"));
    let header = header.to_str().map_err(|_| incomplete("is not ASCII"))?;
    let parameters =
        header.strip_prefix("AWS4-HMAC-SHA256 ").ok_or_else(|| incomplete("does not start with AWS4-HMAC-SHA256"))?;
    let parameter = |name: &str| {
        let found = parameters.split(',').find_map(|p| p.trim().strip_prefix(name)?.strip_prefix('='));
        found.filter(|value| !value.is_empty()).ok_or_else(|| incomplete(&format!("requires '{name}' parameter")))
    };
    let credential = parameter("Credential")?;
    parameter("SignedHeaders")?;
    parameter("Signature")?;
    // Split from the end, so that a slash in the access key does no harm.
    let parts: Vec<&str> = credential.rsplitn(5, '/').collect();
    let [end, service, region, date, key] = parts[..] else {
        return Err(incomplete("has a Credential without date, Region, service and aws4_request"));
    };
    if end != "aws4_request"
        || date.len() != 8
        || !date.bytes().all(|b| b.is_ascii_digit())
        || region.is_empty()
        || key.is_empty()
    {
        return Err(incomplete("has a Credential that is not scoped as key/date/region/service/aws4_request"));
    }
    let service = match service {
        "connect" => Service::Connect,
        "servicequotas" => Service::Quotas,
        "sts" => Service::Sts,
        _ => {
            let message = "Credential should be scoped to correct service: 'connect'.";
            return Err(Refusal::new(403, "InvalidSignatureException", message));
        }
    };
    let token = headers.get("x-amz-security-token").and_then(|token| token.to_str().ok()).map(str::to_owned);
    Ok(Signature { signer: Signer { key: key.to_owned(), token }, region: region.to_owned(), service })
}
