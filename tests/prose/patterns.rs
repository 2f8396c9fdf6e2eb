//! The phrases that the check counts, as data: what to look for, what is fine all the same, and what to write instead.

/// A phrase that this repository avoids.
pub(crate) struct Pattern {
    /// What the report calls it.
    pub(crate) name: &'static str,
    /// A regular expression over running text: line breaks are spaces, and in Rust so are the underscores of names.
    pub(crate) phrase: &'static str,
    /// Matches that are good English. The expression is tried on the text that `phrase` matched.
    pub(crate) unless: Option<&'static str>,
    /// Advice for the writer.
    pub(crate) instead: &'static str,
}

/// Every pattern, in the order of the report.
pub(crate) const PATTERNS: &[Pattern] = &[
    Pattern {
        name: "nobody",
        phrase: r"(?i)\b(nobody|somebody|everybody|whoever|whom)\b",
        unless: None,
        instead: "name the thing: \"no caller waits\", \"another client changed it\", \"the user whose name it is\"",
    },
    Pattern {
        name: "who",
        phrase: r"(?i)(\b[\w'-]+,? )?\bwho\b",
        unless: Some(
            r"(?i)^(administrator|agent|anyone|contributor|engineer|maintainer|newcomer|people|person|reader|someone|supervisor|team|user)s?,? who$",
        ),
        instead: "\"that\" for things; name the person otherwise: \"the agent who\", \"users that\"",
    },
    Pattern {
        name: "told",
        phrase: r"(?i)\btold\b",
        unless: None,
        instead: "reported, logged, described, returned, notified; \"can be distinguished\" for \"can be told apart\"",
    },
    Pattern {
        name: "tells of",
        phrase: r"(?i)\b(tells?|telling) (it|them|of)\b",
        unless: None,
        instead: "reports, logs, describes, shows, announces",
    },
    Pattern {
        name: "speaks of",
        phrase: r"(?i)\b(speaks?|spoke|spoken|speaking) of\b",
        unless: None,
        instead: "refers to, names, mentions",
    },
    Pattern {
        name: "a look",
        phrase: r"(?i)\b(an?|the|each|every|another|first|last|next|daily|one|no|its|their|fresh|further|second) looks?\b",
        unless: None,
        instead: "a read, a check, a scan: name what is done",
    },
    Pattern { name: "what is given is", phrase: r"(?i)\bwhat is given\b", unless: None, instead: "\"Returns …\"" },
    Pattern { name: "anew", phrase: r"(?i)\banew\b", unless: None, instead: "again, from the start" },
    Pattern {
        name: "by itself",
        phrase: r"(?i)\bby (itself|themselves)\b",
        unless: None,
        instead: "automatically, periodically, on its own, individually, separately",
    },
    Pattern {
        name: "is no",
        phrase: r"(?i)(\b\w+ )?(\w+ )?\b(is|are|was|were|be) no \w+",
        unless: Some(
            r"(?i)\b(there (\w+ )?(is|are|was|were|be) no|(is|are|was|were|be) no (longer|more|less|better|worse|later|earlier|older|newer|coincidence))\b",
        ),
        instead: "\"is not a …\"",
    },
    Pattern {
        name: "is to",
        phrase: r"(?i)(\b\w+ )?\b(is|are|was|were) to [a-z]\w*",
        unless: Some(
            r"(?i)^(aim|alternative|choice|cure|do|fix|goal|idea|job|point|purpose|remedy|task|there|way) (is|are|was|were) to ",
        ),
        instead: "must, should, will; \"is due for deletion\", \"the tags to set\"",
    },
    Pattern {
        name: "Of …, first",
        phrase: r"\bOf [a-z]+",
        unless: Some("^Of course$"),
        instead: "put the subject first: \"One of several namespaces may …\"",
    },
    Pattern {
        name: "stands in",
        phrase: r"(?i)\b(stands?|stood) (in|there|here)\b( for\b)?",
        unless: Some(" for$"),
        instead: "is in, appears in, is recorded in; \"stays as it is\"",
    },
];

/// The name in the report for a function whose documentation starts with a noun clause.
pub(crate) const NOUN_CLAUSE: Pattern = Pattern {
    name: "/// Whether",
    phrase: r"^(That|Whether|What|Where|When|Which|Who|Whom|Whose|Why|How)\b",
    unless: None,
    instead: "the third person: \"Returns whether …\", \"Describes what …\"",
};

/// The name in the report for a function with a long name.
pub(crate) const LONG_NAME: &str = "long name";
/// The longest name of a function, in characters.
pub(crate) const LONGEST_NAME: usize = 60;

/// Files and directories that the check passes over, and why. Everything else that is text is checked.
pub(crate) const SKIPPED: &[(&str, &str)] = &[
    ("Cargo.lock", "written by Cargo"),
    ("LICENSE", "the Apache licence"),
    ("target", "build output"),
    ("tests/prose", "holds the phrases that it looks for"),
    ("crds", "rendered from the documentation in src/api, and the definitions of past releases"),
    ("deploy/install.yaml", "rendered from the Helm chart"),
    ("deploy/kustomize/base/crd.yaml", "rendered from the Helm chart"),
    ("deploy/kustomize/base/operator.yaml", "rendered from the Helm chart"),
    ("deploy/kustomize/components/monitoring/monitoring.yaml", "rendered from the Helm chart"),
    ("deploy/helm/connect-operator/templates/crd.yaml", "rendered from the documentation in src/api"),
    ("tests/it/chart/rendered", "rendered from the Helm chart"),
    ("proptest-regressions", "written by proptest"),
];

/// The kinds of files that are checked, by the end of their names.
pub(crate) const KINDS: &[&str] =
    &[".rs", ".md", ".yaml", ".yml", ".toml", ".json", ".tpl", ".txt", ".sh", ".py", ".lua", ".go", "Dockerfile", ".ci/run"];
