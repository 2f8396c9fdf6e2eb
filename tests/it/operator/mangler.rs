//! An HTTP proxy in front of the API server that mangles replies about some Secrets, and a server of AWS credentials whose replies
//! cannot be read.

use std::{fs, path::PathBuf, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{Method, Response, StatusCode},
};
use kube::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use testbed::installation;
use tokio::net::TcpListener;

use super::harness::operators_kubeconfig;

/// A proxy. It ends with the runtime.
pub struct Mangler {
    directory: TempDir,
}

impl Mangler {
    /// Starts a proxy that speaks to the API server with the operator's rights.
    pub async fn start() -> Self {
        let kubeconfig = operators_kubeconfig();
        let mangler = Self { directory: tempfile::tempdir().unwrap() };
        let mut config: Value = serde_json::from_slice(&fs::read(&kubeconfig).unwrap()).unwrap();
        let client = installation::client(&kubeconfig).await.unwrap();
        config["clusters"][0]["cluster"] = json!({ "server": serve(Router::new().fallback(forward).with_state(client)).await });
        fs::write(mangler.kubeconfig(), config.to_string()).unwrap();
        mangler
    }

    /// Returns the token of the operator's service account.
    pub fn token(&self) -> String {
        let config: Value = serde_json::from_slice(&fs::read(self.kubeconfig()).unwrap()).unwrap();
        config["users"][0]["user"]["token"].as_str().unwrap().to_owned()
    }

    /// Returns the operator's kubeconfig with the address of the proxy.
    pub fn kubeconfig(&self) -> PathBuf {
        self.directory.path().join("kubeconfig")
    }
}

/// Starts a server that gives all requests this reply. Returns its URL.
pub async fn always(content_type: &'static str, reply: String) -> String {
    let reply = Arc::new(reply);
    let answer = move || {
        let reply = reply.clone();
        async move { ([("content-type", content_type)], reply.to_string()) }
    };
    serve(Router::new().fallback(answer)).await
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, router).into_future());
    url
}

async fn forward(State(client): State<Client>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let sent = to_bytes(body, usize::MAX).await.unwrap();
    let path = head.uri.path().to_owned();
    let name = path.rsplit_once("/secrets").map(|(_, name)| name.trim_start_matches('/').to_owned());
    let method = head.method.clone();
    let request = axum::http::Request::from_parts(head, kube::client::Body::from(sent.to_vec()));
    let Ok(reply) = client.send(request).await else { return refusal("the API server cannot be reached") };
    match name {
        Some(name) => {
            let (head, body) = reply.into_parts();
            let body = to_bytes(Body::new(body), usize::MAX).await.unwrap();
            mangled(&method, &name, &sent, head, body)
        }
        None => reply.map(Body::new),
    }
}

/// Mangles the reply about a Secret in the way that its name says.
fn mangled(method: &Method, name: &str, sent: &[u8], mut head: axum::http::response::Parts, body: Bytes) -> Response<Body> {
    head.headers.remove("content-length");
    let mut object: Value = serde_json::from_slice(&body).unwrap_or_default();
    let body = match name {
        "cut" => body.slice(..body.len() - 5),
        // The data is a string, and a value is a number: an error of serde quotes them.
        "flat" => {
            object["data"] = object["data"]["password"].take();
            object.to_string().into()
        }
        "number" => {
            let value = object["metadata"]["labels"]["number"].as_str().unwrap().parse::<u64>().unwrap();
            object["data"] = json!({ "password": value });
            object.to_string().into()
        }
        "broken" => return refusal(&object.to_string()),
        // An admission webhook quotes what it refuses.
        _ if *method == Method::POST && String::from_utf8_lossy(sent).contains("quoted-initial-password") => {
            let message = format!("admission webhook \"example.com\" denied the request: {}", String::from_utf8_lossy(sent));
            let status = json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 400, "message": message });
            head.status = StatusCode::BAD_REQUEST;
            status.to_string().into()
        }
        _ => body,
    };
    Response::from_parts(head, Body::from(body))
}

fn refusal(text: &str) -> Response<Body> {
    Response::builder().status(StatusCode::BAD_GATEWAY).body(Body::from(text.to_owned())).unwrap()
}
