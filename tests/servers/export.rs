/*! From log groups to documents: CloudWatch Logs and S3 of moto, ElasticMQ, OpenSearch. */

use std::process::{Command, Output, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_cloudwatchlogs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, Event, FilterRule, FilterRuleName,
    NotificationConfiguration, NotificationConfigurationFilter, QueueConfiguration, S3KeyFilter,
};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;

use crate::support::*;

const STREAM: &str = "2026/11/27/[$LATEST]0123456789abcdef0123456789abcdef";

pub struct Account {
    logs: aws_sdk_cloudwatchlogs::Client,
    pub s3: aws_sdk_s3::Client,
    sqs: aws_sdk_sqs::Client,
    pub bucket: String,
    /// Log groups of the test begin with it.
    groups: String,
}

impl Account {
    pub async fn new(name: &str) -> Self {
        let credentials = || Credentials::new("test", "test", None, None, "test");
        let logs = aws_sdk_cloudwatchlogs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(credentials())
            .endpoint_url(server("LOGFERRY_TEST_MOTO"));
        let s3 = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(credentials())
            .endpoint_url(server("LOGFERRY_TEST_MOTO"))
            .force_path_style(true);
        let sqs = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(credentials())
            .endpoint_url(server("LOGFERRY_TEST_MOTO"));
        let unique = format!("{name}-{}", std::process::id());
        let account = Self {
            logs: aws_sdk_cloudwatchlogs::Client::from_conf(logs.build()),
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
            sqs: aws_sdk_sqs::Client::from_conf(sqs.build()),
            bucket: format!("exports-{unique}"),
            groups: format!("/aws/lambda/{unique}-"),
        };
        let made = account.s3.create_bucket().bucket(&account.bucket).send();
        made.await.expect("a bucket");
        account
    }

    /// Makes a queue that S3 notifies of exported objects, and returns its URL.
    async fn notified_queue(&self) -> String {
        let made = self.sqs.create_queue().queue_name(&self.bucket);
        let url = made
            .send()
            .await
            .expect("a queue")
            .queue_url
            .expect("a URL");
        let asked = self.sqs.get_queue_attributes().queue_url(&url);
        let asked = asked
            .attribute_names(QueueAttributeName::QueueArn)
            .send()
            .await;
        let attributes = asked.expect("attributes").attributes.expect("an ARN");
        let rule = FilterRule::builder().name(FilterRuleName::Prefix);
        let keys = S3KeyFilter::builder().filter_rules(rule.value("exports/").build());
        let below_exports = NotificationConfigurationFilter::builder().key(keys.build());
        let below_exports = below_exports.build();
        let queue = QueueConfiguration::builder()
            .queue_arn(&attributes[&QueueAttributeName::QueueArn])
            .events(Event::S3ObjectCreated)
            .filter(below_exports)
            .build()
            .expect("a notification");
        let notifications = NotificationConfiguration::builder().queue_configurations(queue);
        let put = self.s3.put_bucket_notification_configuration();
        let put = put.bucket(&self.bucket);
        let put = put.notification_configuration(notifications.build());
        put.send().await.expect("a notification");
        url
    }

    async fn tag(&self, group: &str, tags: &[(&str, &str)]) {
        let arn = format!("arn:aws:logs:us-east-1:123456789012:log-group:{group}");
        let mut tagged = self.logs.tag_resource().resource_arn(arn);
        for (key, value) in tags {
            tagged = tagged.tags(*key, *value);
        }
        tagged.send().await.expect("tags");
    }

    /// Makes a group with the lines of `n` requests, and returns its name.
    pub async fn group(&self, name: &str, n: u32) -> String {
        let group = format!("{}{name}", self.groups);
        let made = self.logs.create_log_group().log_group_name(&group).send();
        made.await.expect("a log group");
        self.stream(&group, STREAM, n).await;
        group
    }

    /// Makes a stream with the lines of `n` requests.
    pub async fn stream(&self, group: &str, stream: &str, n: u32) {
        let made = self.logs.create_log_stream().log_group_name(group);
        let made = made.log_stream_name(stream).send().await;
        made.expect("a log stream");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let begin = i64::try_from(now.as_millis()).unwrap() - 3_600_000;
        let mut events = Vec::new();
        for i in 0..n {
            let id = format!("{:08x}-0000-4000-8000-{i:012x}", group.len());
            for line in [
                format!("START RequestId: {id} Version: $LATEST\n"),
                format!("END RequestId: {id}\n"),
                format!(
                    "REPORT RequestId: {id}\tDuration: 12.50 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 70 MB\t\n"
                ),
            ] {
                let event = InputLogEvent::builder().timestamp(begin + i64::from(i) * 1000);
                events.push(event.message(line).build().expect("an event"));
            }
        }
        let put = self.logs.put_log_events().log_group_name(group);
        let put = put.log_stream_name(stream).set_log_events(Some(events));
        put.send().await.expect("events");
    }

    pub async fn keys(&self, prefix: &str) -> Vec<String> {
        let listed = self.s3.list_objects_v2().bucket(&self.bucket);
        let listed = listed.prefix(prefix).send().await.expect("a listing");
        let keys = listed.contents().iter().filter_map(|o| o.key());
        keys.map(str::to_owned).collect()
    }

    /// `logferry export` with the test's groups, destination and checkpoints.
    pub fn export(&self, arguments: &[&str]) -> Output {
        let mut command = self.logferry(&[&["export"], arguments].concat());
        command.output().expect("export runs")
    }

    /// A command with the test's groups, destination and checkpoints.
    pub fn logferry(&self, arguments: &[&str]) -> Command {
        let bucket = &self.bucket;
        let mut command = Command::new(env!("CARGO_BIN_EXE_logferry"));
        command
            .args(arguments)
            .env("LOGFERRY_EXPORT_LOG_GROUP_PREFIX", &self.groups)
            .env(
                "LOGFERRY_EXPORT_DESTINATION",
                format!("s3://{bucket}/exports"),
            )
            .env(
                "LOGFERRY_EXPORT_CHECKPOINTS",
                format!("s3://{bucket}/checkpoints"),
            )
            .env("LOGFERRY_EXPORT_LATENESS", "0s")
            .env("AWS_ENDPOINT_URL", server("LOGFERRY_TEST_MOTO"))
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "us-east-1")
            .stdin(Stdio::null());
        command
    }
}

pub fn shown(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(err)
    )
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn log_groups_end_as_documents_and_an_overlap_doubles_nothing() {
    let _node = NODE.read().await;
    let stage = Stage::new("export").await;
    let account = Account::new("circle").await;
    let orders = account.group("orders", 20).await;
    account.group("payments", 5).await;
    let queue = account.notified_queue().await;
    let output = account.export(&["--once"]);
    assert!(output.status.success(), "{}", shown(&output));
    let first = account.keys("exports/").await;
    assert_eq!(first.len(), 2, "{first:?}");

    let work = async || {
        let mut worker = stage.worker();
        worker.env("AWS_ENDPOINT_URL_S3", server("LOGFERRY_TEST_MOTO"));
        worker.env("AWS_ENDPOINT_URL_SQS", server("LOGFERRY_TEST_MOTO"));
        worker.env("LOGFERRY_QUEUE_URL", &queue);
        let log = finish(worker.spawn().expect("a worker"));
        assert!(log.success, "{}", log.text);
        stage.documents().await
    };
    let documents = work().await;
    let logs: Vec<&Value> = (documents.iter())
        .filter(|(id, _)| id.contains("-logs-"))
        .map(|(_, document)| document)
        .collect();
    assert_eq!(logs.len(), 25 * 3);
    assert_eq!(documents.len(), 25 * 4, "with the summaries");
    let name = orders.rsplit('/').next().unwrap();
    let of_orders = logs
        .iter()
        .filter(|document| document["faas"]["name"] == name);
    assert_eq!(of_orders.count(), 60);
    for document in &logs {
        assert_eq!(document["cloud"]["account"]["id"], "123456789012");
        assert_eq!(document["cloud"]["region"], "us-east-1");
        let group = document["aws"]["log"]["group"]["name"].as_str().unwrap();
        assert!(group.starts_with(&account.groups), "{group}");
    }

    let found = Command::new(env!("CARGO_BIN_EXE_logferry"))
        .args(["search", "--request-id"])
        .arg(format!("{:08x}-0000-4000-8000-000000000007", orders.len()))
        .env("LOGFERRY_OPENSEARCH_URL", &stage.index_url)
        .env("LOGFERRY_INDEX_PREFIX", &stage.prefix)
        .stdin(Stdio::null())
        .output()
        .expect("search runs");
    let found = shown(&found);
    assert!(
        found.contains(&format!("{name}, version $LATEST")),
        "{found}"
    );
    assert!(found.contains("3, of them 0 with an error"), "{found}");

    // Everything once more: without checkpoints, under other task ids.
    for key in account.keys("checkpoints/").await {
        let deleted = account.s3.delete_object().bucket(&account.bucket).key(key);
        deleted.send().await.expect("deleted");
    }
    let output = account.export(&["--once", "--initial", "23h"]);
    assert!(output.status.success(), "{}", shown(&output));
    let mut again = account.keys("exports/").await;
    again.retain(|key| !first.contains(key));
    assert_eq!(again.len(), 2, "{again:?}");
    assert_eq!(work().await, documents);
    let status = account.export(&["status", "--json"]);
    let status: Value = serde_json::from_slice(&status.stdout).expect("JSON");
    for group in status["groups"].as_array().unwrap() {
        assert!(group["last_task"]["id"].is_string(), "{status}");
    }
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn a_group_that_fails_stops_no_other_and_the_exit_code_tells() {
    let account = Account::new("failing").await;
    let (good, bad) = (
        account.group("good", 1).await,
        account.group("bad", 1).await,
    );
    let output = account.export(&["--once"]);
    assert!(output.status.success(), "{}", shown(&output));
    let checkpoints = account.keys("checkpoints/").await;
    let broken = checkpoints
        .iter()
        .find(|key| key.ends_with("bad.json"))
        .unwrap();
    let put = account.s3.put_object().bucket(&account.bucket).key(broken);
    put.body(b"{\"mine\": true}".to_vec().into())
        .send()
        .await
        .expect("put");
    let output = account.export(&["--once", "--log-group", "/aws/lambda/none"]);
    let text = shown(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains(&format!(
            "{bad}: s3://{}/{broken} is no checkpoint",
            account.bucket
        )),
        "{text}"
    );
    assert!(
        text.contains("/aws/lambda/none: there is no such log group"),
        "{text}"
    );
    let found = account
        .s3
        .get_object()
        .bucket(&account.bucket)
        .key(broken)
        .send();
    let found = found
        .await
        .expect("an object")
        .body
        .collect()
        .await
        .expect("a body");
    assert_eq!(
        &found.to_vec()[..],
        b"{\"mine\": true}",
        "nothing overwrites it"
    );

    let status = account.export(&["status", "--json"]);
    assert_eq!(status.status.code(), Some(1));
    let status: Value = serde_json::from_slice(&status.stdout).expect("JSON");
    let groups = status["groups"].as_array().unwrap();
    let row = |name: &str| groups.iter().find(|row| row["log_group"] == name).unwrap();
    assert!(
        row(&bad)["error"]
            .as_str()
            .unwrap()
            .contains("no checkpoint"),
        "{status}"
    );
    assert!(row(&good)["exported_until"].is_string(), "{status}");

    let elsewhere = format!("{}-elsewhere", account.bucket);
    let place = CreateBucketConfiguration::builder();
    let place = place.location_constraint(BucketLocationConstraint::EuWest1);
    let made = account.s3.create_bucket().bucket(&elsewhere);
    let made = made.create_bucket_configuration(place.build()).send();
    made.await.expect("a bucket in another region");
    let elsewhere = format!("s3://{elsewhere}/x");
    for (flag, value, sentence) in [
        (
            "--destination",
            &*elsewhere,
            "is in eu-west-1, and CloudWatch exports",
        ),
        (
            "--destination",
            "s3://no-such-bucket-here/x",
            "does not exist",
        ),
        (
            "--checkpoints",
            "s3://no-such-bucket-here/x",
            "cannot be read",
        ),
    ] {
        let output = account.export(&["--once", flag, value]);
        let text = shown(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(
            text.contains(sentence) && !text.contains("panicked"),
            "{text}"
        );
    }
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn tags_choose_among_the_groups_of_the_prefix() {
    let account = Account::new("tags").await;
    let orders = account.group("orders", 1).await;
    let payments = account.group("payments", 1).await;
    let site = account.group("site", 1).await;
    (account.tag(&orders, &[("team", "shop"), ("query", "a=b")])).await;
    account.tag(&payments, &[("team", "shop")]).await;
    for args in [&["--once"][..], &["--dry-run"]] {
        let none = account.export(&[args, &["--log-group-tag", "team=nobody"]].concat());
        let text = shown(&none);
        assert_eq!(none.status.code(), Some(1), "{text}");
        assert!(
            text.contains("the names fit 3, and none of these has the tags"),
            "{text}"
        );
    }
    let tags = ["--log-group-tag", "team,query=a=b"];
    let output = account.export(&[&["--once"][..], &tags].concat());
    assert!(output.status.success(), "{}", shown(&output));
    let keys = account.keys("exports/").await;
    assert_eq!(keys.len(), 1, "{keys:?}");
    assert!(keys[0].contains(&orders.replace('/', "!")), "{keys:?}");
    let status = account.export(&[&["status", "--json"][..], &tags].concat());
    assert!(status.status.success(), "{}", shown(&status));
    let status: Value = serde_json::from_slice(&status.stdout).expect("JSON");
    assert_eq!(status["groups"][0]["log_group"], *orders);
    assert_eq!(status["groups"].as_array().unwrap().len(), 1, "{status}");
    assert_eq!(status["without_tags"], serde_json::json!([payments, site]));
}

#[tokio::test]
#[ignore = "needs servers: make test"]
async fn a_dry_run_checks_the_policy_that_is_printed_and_changes_nothing() {
    let account = Account::new("dry").await;
    account.group("orders", 1).await;
    let output = account.export(&["--dry-run"]);
    let text = shown(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("does not allow s3:GetBucketAcl"), "{text}");
    let policy = account.export(&["--print-bucket-policy"]);
    let policy = String::from_utf8(policy.stdout).expect("text");
    let put = account.s3.put_bucket_policy().bucket(&account.bucket);
    put.policy(policy).send().await.expect("a policy");
    let output = account.export(&["--dry-run"]);
    assert!(output.status.success(), "{}", shown(&output));
    assert_eq!(account.keys("").await, Vec::<String>::new());
}
