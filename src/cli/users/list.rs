//! The commands `connect-operator list` and `connect-operator get`.

use anyhow::bail;
use clap::{Args, ValueEnum};

use super::{Source, block_on, filter::Filter, read::Instance, row::Row};
use crate::cli::{stdout, table::table};

/// The output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A table for people.
    Table,
    /// A table with more columns.
    Wide,
    /// JSON with all properties.
    Json,
    /// YAML with all properties.
    Yaml,
    /// CSV with a column for each property. A cell separates several values by a semicolon.
    Csv,
    /// The ARNs of the users.
    Name,
}

/// Lists the users of instances, whether an operator manages them or not.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  connect-operator list --instance arn:aws:connect:us-west-2:123456789012:instance/<id>
  connect-operator list --instance <arn> --unmanaged --routing-profile 'Sales*' -o csv
  connect-operator list --config operator.yaml --tag team=billing -o name")]
pub(in crate::cli) struct List {
    #[command(flatten)]
    source: Source,

    /// Read each user on its own too, with e-mail addresses, mobile number and proficiencies: two calls for each user.
    #[arg(long)]
    full: bool,

    #[command(flatten)]
    filter: Filter,

    /// The output format.
    #[arg(long, short, default_value = "table")]
    output: Output,
}

/// Shows users with all their properties.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  connect-operator get jane.doe --instance arn:aws:connect:us-west-2:123456789012:instance/<id>")]
pub(in crate::cli) struct Get {
    /// The usernames.
    #[arg(required = true, value_name = "USERNAME")]
    username: Vec<String>,

    #[command(flatten)]
    source: Source,

    /// The output format.
    #[arg(long, short, default_value = "yaml")]
    output: Output,
}

impl List {
    pub(in crate::cli) fn execute(self) -> anyhow::Result<()> {
        block_on(async move {
            let instances = self.source.read(&self.filter, self.full).await?;
            print(self.output, &rows(&instances))
        })
    }
}

impl Get {
    pub(in crate::cli) fn execute(self) -> anyhow::Result<()> {
        block_on(async move {
            let filter = Filter::usernames(&self.username);
            let rows = rows(&self.source.read(&filter, true).await?);
            print(self.output, &rows)?;
            let is_there = |name: &&String| rows.iter().any(|row| row.user.username.to_lowercase() == name.to_lowercase());
            let missing: Vec<&String> = self.username.iter().filter(|name| !is_there(name)).collect();
            if !missing.is_empty() {
                bail!("no instance has a user {missing:?}");
            }
            Ok(())
        })
    }
}

fn rows(instances: &[Instance]) -> Vec<Row> {
    let of =
        |instance: &Instance| instance.users.iter().map(|live| Row::of(&instance.arn, live, &instance.names)).collect::<Vec<_>>();
    instances.iter().flat_map(of).collect()
}

fn print(output: Output, rows: &[Row]) -> anyhow::Result<()> {
    let text = match output {
        Output::Table | Output::Wide if rows.is_empty() => {
            eprintln!("No users found.");
            return Ok(());
        }
        Output::Table => table(Row::COLUMNS, rows.iter().map(|row| row.cells().to_vec())),
        Output::Wide => table(
            Row::COLUMNS.into_iter().chain(Row::WIDE),
            rows.iter().map(|row| row.cells().into_iter().chain(row.wide_cells()).collect()),
        ),
        Output::Json => serde_json::to_string_pretty(rows)? + "\n",
        Output::Yaml => serde_saphyr::to_string(&rows)?,
        Output::Csv => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(Row::CSV)?;
            rows.iter().try_for_each(|row| writer.write_record(row.csv_cells()))?;
            String::from_utf8(writer.into_inner()?)?
        }
        Output::Name => rows.iter().map(|row| row.user_arn.clone() + "\n").collect(),
    };
    stdout::write(&text)
}
