use super::*;

fn of(variables: &[(&str, &str)]) -> OtlpSettings {
    settings(&|name| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

fn urls(variables: &[(&str, &str)]) -> [Option<String>; 2] {
    let settings = of(variables);
    let traces = settings.traces.map(|traces| traces.to.url.to_string());
    [
        traces,
        settings.metrics.map(|metrics| metrics.to.url.to_string()),
    ]
}

const BASE: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318");

#[test]
fn nothing_is_exported_unless_an_endpoint_is_set() {
    for variables in [
        &[][..],
        &[("OTEL_SERVICE_NAME", "x"), ("OTEL_TRACES_EXPORTER", "otlp")],
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", "")],
        &[BASE, ("OTEL_SDK_DISABLED", "True")],
        &[
            BASE,
            ("OTEL_TRACES_EXPORTER", "none"),
            ("OTEL_METRICS_EXPORTER", "none"),
        ],
    ] {
        assert_eq!(of(variables), OtlpSettings::default(), "{variables:?}");
    }
}

#[test]
fn the_general_endpoint_is_a_base_and_that_of_a_signal_is_not() {
    let traces = |base: &str| Some(format!("{base}/v1/traces"));
    let metrics = |base: &str| Some(format!("{base}/v1/metrics"));
    for base in [
        "http://c:4318",
        "http://c:4318/",
        "https://c/otlp",
        "https://c/otlp/",
    ] {
        let shown = base.trim_end_matches('/');
        let found = urls(&[("OTEL_EXPORTER_OTLP_ENDPOINT", base)]);
        assert_eq!(found, [traces(shown), metrics(shown)]);
    }
    let own = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t/own");
    assert_eq!(urls(&[own]), [Some(own.1.to_owned()), None]);
    assert_eq!(
        urls(&[BASE, own]),
        [Some(own.1.to_owned()), metrics("http://c:4318")]
    );
    let off = ("OTEL_METRICS_EXPORTER", "none");
    assert_eq!(urls(&[BASE, off]), [traces("http://c:4318"), None]);
    let sampled = ("OTEL_TRACES_SAMPLER", "always_off");
    assert_eq!(urls(&[BASE, sampled]), [None, metrics("http://c:4318")]);
}

#[test]
fn every_variable_counts() {
    let settings = of(&[
        BASE,
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "Authorization=Basic%20YQ%3D%3D, x-key = a=b",
        ),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-key=c"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "none"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_SERVICE_NAME", "ferry"),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "service.name=other,deployment.environment.name=a%2Cb",
        ),
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "15000"),
        ("OTEL_BSP_SCHEDULE_DELAY", "100"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "64"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "512"),
    ]);
    insta::assert_debug_snapshot!(settings);
    let headers = settings.metrics.unwrap().to.headers;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        headers,
        [pair("Authorization", "Basic YQ=="), pair("x-key", "a=b")]
    );
}

#[test]
fn what_cannot_be_used_is_a_warning_without_secrets() {
    let mut warnings = Vec::new();
    for variables in [
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318")][..],
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", "user:secret")],
        &[BASE, ("OTEL_SDK_DISABLED", "1")],
        &[BASE, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")],
        &[BASE, ("OTEL_EXPORTER_OTLP_HEADERS", "secret")],
        &[BASE, ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd")],
        &[BASE, ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s")],
        &[BASE, ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/ca.pem")],
        &[BASE, ("OTEL_METRICS_EXPORTER", "prometheus")],
        &[BASE, ("OTEL_TRACES_SAMPLER", "xray")],
        &[
            BASE,
            ("OTEL_TRACES_SAMPLER", "traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "25%"),
        ],
        &[BASE, ("OTEL_METRIC_EXPORT_INTERVAL", "0")],
        &[BASE, ("OTEL_RESOURCE_ATTRIBUTES", "a")],
        &[
            BASE,
            ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta"),
        ],
    ] {
        let found = of(variables);
        assert!(!found.warnings.is_empty(), "{variables:?}");
        let exported = [found.traces.is_some(), found.metrics.is_some()];
        warnings.push(format!("{exported:?} {}", found.warnings.join("\n")));
    }
    let warnings = warnings.join("\n");
    assert!(!warnings.contains("secret"), "{warnings}");
    insta::assert_snapshot!(warnings);
}
