//! A watch: changes as they come, bookmarks in between, an end when its time is over or its connection is cut.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use futures::{Stream, stream};
use serde_json::json;
use tokio::{sync::watch, time::Instant};

use super::{
    ApiServer, Tide,
    objects::{API_VERSION, KIND},
    status::expired,
};

/// How often a quiet watch is told where it stands.
const BOOKMARKS: Duration = Duration::from_secs(60);

struct Watch {
    server: ApiServer,
    tide: watch::Receiver<Tide>,
    cut: u64,
    namespace: Option<String>,
    version: u64,
    until: Instant,
    over: bool,
}

impl ApiServer {
    /// The changes since this resourceVersion, one a line, for so long.
    pub(super) fn watch(
        &self,
        namespace: Option<String>,
        version: u64,
        lasts: Duration,
    ) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + use<> {
        let tide = self.0.tide.subscribe();
        let cut = tide.borrow().connections_cut;
        let until = Instant::now() + lasts;
        let watch = Watch { server: self.clone(), tide, cut, namespace, version, until, over: false };
        stream::unfold(watch, |mut watch| async move { watch.next().await.map(|lines| (Ok(lines), watch)) })
    }
}

impl Watch {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.over || self.tide.borrow_and_update().connections_cut != self.cut {
                return None;
            }
            if let Some(lines) = self.changes() {
                return Some(lines);
            }
            let bookmark = Instant::now() + BOOKMARKS;
            tokio::select! {
                // The sender lives as long as the server that this watch holds.
                _ = self.tide.changed() => {}
                () = tokio::time::sleep_until(bookmark.min(self.until)) => {
                    if Instant::now() >= self.until {
                        return None;
                    }
                    return Some(self.bookmark());
                }
            }
        }
    }

    /// What was written since the last look; None if nothing was.
    fn changes(&mut self) -> Option<Bytes> {
        let objects = self.server.objects();
        let Some(changes) = objects.since(self.version) else {
            self.over = true;
            return Some(line("ERROR", &Bytes::from(expired().body().to_string())).into());
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
        // Up to here it was told everything.
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
