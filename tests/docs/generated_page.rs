/*! Pages of `docs/` that tests generate from the code. */

use std::path::Path;

/// Fails if the page is not what its source and the test named `test` generate; `LOGFERRY_UPDATE_DOCS` writes it.
pub fn assert_up_to_date(page: &str, generated: &str, source: &str, test: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    if std::env::var_os("LOGFERRY_UPDATE_DOCS").is_some() {
        std::fs::write(&path, generated).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == generated,
        "{page} differs from {source}: LOGFERRY_UPDATE_DOCS=1 cargo test --test {test}"
    );
}
