//! A watch: changes, bookmarks in between, and an end after its timeout or when its connection is cut.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use futures::{Stream, stream};
use serde_json::json;
use tokio::{sync::watch, time::Instant};

use super::{
    ApiServer, WatchSignal,
    objects::{API_VERSION, KIND},
    status::expired,
};

/// The interval of bookmarks in a quiet watch.
const BOOKMARKS: Duration = Duration::from_secs(60);

struct Watch {
    server: ApiServer,
    signal: watch::Receiver<WatchSignal>,
    cut: u64,
    namespace: Option<String>,
    version: u64,
    until: Instant,
    over: bool,
}

impl ApiServer {
    /// Streams the changes since this resourceVersion, one per line, until the timeout.
    pub(super) fn watch(
        &self,
        namespace: Option<String>,
        version: u64,
        lasts: Duration,
    ) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + use<> {
        let signal = self.0.signal.subscribe();
        let cut = signal.borrow().connections_cut;
        let until = Instant::now() + lasts;
        let watch = Watch { server: self.clone(), signal, cut, namespace, version, until, over: false };
        stream::unfold(watch, |mut watch| async move { watch.next().await.map(|lines| (Ok(lines), watch)) })
    }
}

impl Watch {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.over || self.signal.borrow_and_update().connections_cut != self.cut {
                return None;
            }
            if let Some(lines) = self.changes() {
                return Some(lines);
            }
            let bookmark = Instant::now() + BOOKMARKS;
            tokio::select! {
                // The sender lives as long as the server that this watch holds.
                _ = self.signal.changed() => {}
                () = tokio::time::sleep_until(bookmark.min(self.until)) => {
                    if Instant::now() >= self.until {
                        return None;
                    }
                    return Some(self.bookmark());
                }
            }
        }
    }

    /// Returns the changes since the last call, or None.
    fn changes(&mut self) -> Option<Bytes> {
        let objects = self.server.objects();
        let Some(changes) = objects.since(self.version) else {
            self.over = true;
            return Some(line("ERROR", &Bytes::from(json!(expired()).to_string())).into());
        };
        let mut lines = Vec::new();
        for change in changes {
            self.version = change.version;
            if self.namespace.as_ref().is_none_or(|namespace| *namespace == change.namespace) {
                lines.extend(line(change.kind, &change.object));
            }
        }
        (!lines.is_empty()).then(|| lines.into())
    }

    fn bookmark(&mut self) -> Bytes {
        // The watch has reported everything up to here.
        self.version = self.server.objects().version();
        let metadata = json!({ "resourceVersion": self.version.to_string(), "creationTimestamp": null });
        let object = json!({ "kind": KIND, "apiVersion": API_VERSION, "metadata": metadata });
        line("BOOKMARK", &Bytes::from(object.to_string())).into()
    }
}

fn line(kind: &str, object: &Bytes) -> Vec<u8> {
    let mut line = format!(r#"{{"type":"{kind}","object":"#).into_bytes();
    line.extend_from_slice(object);
    line.extend_from_slice(b"}\n");
    line
}
