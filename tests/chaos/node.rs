/*! An OpenSearch node of the test's own, which the test may stop. */

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::support::signal;

pub struct Node {
    version: Option<String>,
    port: u16,
    data: TempDir,
}

impl Node {
    /// Starts a node with further lines in its configuration.
    pub async fn start(settings: &str) -> Self {
        Self::start_version(None, settings).await
    }

    /// Starts a node of another version than the default.
    pub async fn start_version(version: Option<&str>, settings: &str) -> Self {
        // The node may run as another user, who has to reach its data.
        let all = std::fs::Permissions::from_mode(0o755);
        let data = tempfile::Builder::new().permissions(all).tempdir().unwrap();
        // A port below the ephemeral ports, so that no connection takes it while the node is stopped.
        let port = std::iter::repeat_with(|| fastrand::u16(12_000..32_000))
            .find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok())
            .expect("a free port");
        let version = version.map(str::to_owned);
        let node = Self {
            version,
            port,
            data,
        };
        node.start_again(settings).await;
        node
    }

    /// Starts the node again with its data.
    pub async fn start_again(&self, settings: &str) {
        self.call("start", settings).await;
    }

    pub async fn stop(&self) {
        self.call("stop", "").await;
    }

    /// SIGKILL.
    pub async fn kill(&self) {
        let status = self.command("status").output().unwrap();
        let status = String::from_utf8(status.stdout).unwrap();
        let pid = status
            .rsplit(' ')
            .next()
            .and_then(|p| p.trim().parse().ok());
        signal(pid.expect("the process is told"), "KILL");
        self.stop().await;
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    async fn call(&self, verb: &str, settings: &str) {
        let mut command = self.command(verb);
        command
            .env("OS_SETTINGS", settings)
            .env("OS_HEAP", "512m")
            .env("OS_DATA", self.data.path().join("data"));
        // The node must not hold a pipe of ours open: it outlives the script.
        let log = tempfile::tempfile().unwrap();
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let status = tokio::task::spawn_blocking(move || command.status()).await;
        assert!(
            status.unwrap().is_ok_and(|s| s.success()),
            "stack/opensearch {verb} {}",
            self.port
        );
    }

    fn command(&self, verb: &str) -> Command {
        let stack = Path::new(env!("CARGO_MANIFEST_DIR")).join("stack/opensearch");
        let mut command = Command::new(stack);
        command.args([verb, &self.port.to_string()]);
        if let Some(version) = &self.version {
            command.env("OS_VERSION", version);
        }
        command
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // The node may be stopped already.
        let _ = self.command("stop").status();
    }
}
