//! A server with scripted answers that records its requests.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider},
};
use connect_api::{Caller, ConnectExt, Error, Operation};
use connect_aws::{AwsConnect, CALL_TIMEOUT, Options, load};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A request as received.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// The scripted answer to a request.
#[derive(Clone, Debug)]
pub(crate) enum ScriptedAnswer {
    /// A complete reply.
    Reply { status: u16, headers: Vec<(&'static str, String)>, body: String },
    /// Status and headers, and the first half of the body.
    Half { body: String },
    /// No bytes, on a connection that stays open.
    Silence,
    /// The connection is closed without an answer.
    HangUp,
}

impl ScriptedAnswer {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        Self::Reply { status, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn json(body: Value) -> Self {
        Self::new(200, body.to_string()).with("content-type", "application/json")
    }

    /// An error as Connect writes it.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        Self::new(status, serde_json::json!({ "Message": message }).to_string()).with("x-amzn-errortype", code)
    }

    /// A result of this operation as STS writes it.
    pub(crate) fn sts(operation: &str, result: &str) -> Self {
        let body = format!("<{operation}Response><{operation}Result>{result}</{operation}Result></{operation}Response>");
        Self::new(200, body).with("content-type", "text/xml")
    }

    /// An error as STS writes it.
    pub(crate) fn sts_error(status: u16, code: &str, message: &str) -> Self {
        let error = format!("<Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>");
        Self::new(status, format!("<ErrorResponse><Error>{error}</Error></ErrorResponse>")).with("content-type", "text/xml")
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if let Self::Reply { headers, .. } = &mut self {
            headers.push((name, value.into()));
        }
        self
    }
}

/// The server. It stops when it is dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(crate) async fn new(answer: ScriptedAnswer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, answer.clone(), seen.clone()));
            }
        });
        Self { url, requests, task }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Returns the only request that arrived.
    pub(crate) fn request(&self) -> Request {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0].clone()
    }

    pub(crate) async fn client(&self) -> AwsConnect {
        client(&self.url, credentials(), CALL_TIMEOUT).await
    }
}

/// Makes a call to a server with this answer. Returns the request that arrived and the result of the call.
pub(crate) async fn exchange<O: Operation>(answer: ScriptedAnswer, request: O) -> (Request, Result<O::Output, Error>) {
    let server = Server::new(answer).await;
    let result = call(&server.client().await, request).await;
    (server.request(), result)
}

pub(crate) async fn call<O: Operation>(client: &AwsConnect, request: O) -> Result<O::Output, Error> {
    client.call(&Caller::default(), request).await
}

pub(crate) fn credentials() -> Credentials {
    Credentials::new("AKIDTEST", "test-key", None, None, "test")
}

pub(crate) async fn client(url: &str, credentials: impl ProvideCredentials + 'static, timeout: Duration) -> AwsConnect {
    let region = Some("eu-west-1".to_owned());
    let config = load(&Options { endpoint_url: Some(url.to_owned()), region, profile: None }).await;
    let config = config.into_builder().credentials_provider(SharedCredentialsProvider::new(credentials)).build();
    AwsConnect::with_timeout(&config, "us-west-2", timeout)
}

async fn serve(stream: TcpStream, answer: ScriptedAnswer, seen: Arc<Mutex<Vec<Request>>>) {
    let mut stream = BufReader::new(stream);
    let Some(request) = read(&mut stream).await else { return };
    seen.lock().unwrap().push(request);
    let (reply, stay) = match answer {
        ScriptedAnswer::Reply { status, headers, body } => {
            let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            let length = body.len();
            (format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"), false)
        }
        ScriptedAnswer::Half { body } => {
            let (half, length) = (&body[..body.len() / 2], body.len());
            (format!("HTTP/1.1 200 X\r\ncontent-length: {length}\r\n\r\n{half}"), true)
        }
        ScriptedAnswer::Silence => (String::new(), true),
        ScriptedAnswer::HangUp => return,
    };
    if stream.write_all(reply.as_bytes()).await.is_ok() && stay {
        std::future::pending::<()>().await;
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut first = String::new();
    stream.read_line(&mut first).await.ok()?;
    let mut words = first.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_owned(), value.trim().to_owned())),
            None => break,
        }
    }
    let mut request = Request { method, target, headers, body: String::new() };
    let length = request.header("content-length").map_or(0, |l| l.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    request.body = String::from_utf8(body).unwrap();
    Some(request)
}
