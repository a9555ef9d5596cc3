/*!
The receiving side of AWS Signature Version 4: a request goes in, its verified key and scope come out.

It is written from AWS's description ("Create a signed AWS API request") and shares no code with the signer.
*/

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::stub::Received;

/// The contents of a valid signature.
#[derive(Debug, PartialEq, Eq)]
pub struct Signed {
    pub key_id: String,
    /// Of the scope, YYYYMMDD.
    pub day: String,
    /// YYYYMMDDTHHMMSSZ.
    pub time: String,
    pub region: String,
    pub service: String,
}

/// Recomputes the signature with the secret of a key.
pub fn verify(request: &Received, secret: impl Fn(&str) -> String) -> Result<Signed, String> {
    let authorization = request.header("authorization");
    let fields = authorization
        .strip_prefix("AWS4-HMAC-SHA256 ")
        .ok_or(format!("not signed: {authorization:?}"))?;
    let field = |name: &str| {
        let mut parts = fields.split(',').map(str::trim);
        parts
            .find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
            .ok_or(format!("no {name}"))
    };
    let scope: Vec<&str> = field("Credential")?.split('/').collect();
    let [key_id, day, region, service, "aws4_request"] = scope[..] else {
        return Err(format!("scope {scope:?}"));
    };
    let signed_headers = field("SignedHeaders")?;
    let names: Vec<&str> = signed_headers.split(';').collect();
    if !names.is_sorted() {
        return Err(format!("{signed_headers} out of order"));
    }
    let mut needed = vec!["host", "x-amz-date", "x-amz-content-sha256"];
    if request.headers.contains_key("x-amz-security-token") {
        needed.push("x-amz-security-token");
    }
    if let Some(missing) = needed.iter().find(|name| !names.contains(name)) {
        return Err(format!("{missing} is not signed"));
    }
    let payload = hex(&Sha256::digest(&request.body));
    if request.header("x-amz-content-sha256") != payload {
        return Err("the hash is not of this body".to_owned());
    }
    let headers: String = names
        .iter()
        .map(|name| format!("{name}:{}\n", request.header(name).trim()))
        .collect();
    let (path, query) = request
        .target
        .split_once('?')
        .unwrap_or((&request.target, ""));
    let canonical = format!(
        "{}\n{}\n{}\n{headers}\n{signed_headers}\n{payload}",
        request.method,
        encoded(path.as_bytes(), b"/"),
        canonical_query(query)
    );
    let time = request.header("x-amz-date");
    if !time.starts_with(day) {
        return Err(format!("scope of {day}, but sent at {time}"));
    }
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{time}\n{day}/{region}/{service}/aws4_request\n{}",
        hex(&Sha256::digest(canonical.as_bytes()))
    );
    let mut key = mac(format!("AWS4{}", secret(key_id)).as_bytes(), day);
    for part in [region, service, "aws4_request"] {
        key = mac(&key, part);
    }
    if hex(&mac(&key, &to_sign)) != field("Signature")? {
        return Err(format!(
            "another signature; canonical request:\n{canonical}"
        ));
    }
    Ok(Signed {
        key_id: key_id.to_owned(),
        day: day.to_owned(),
        time: time.to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
    })
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn encoded(bytes: &[u8], also_plain: &[u8]) -> String {
    let plain =
        |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b) || also_plain.contains(&b);
    let one = |b: &u8| match plain(*b) {
        true => char::from(*b).to_string(),
        false => format!("%{b:02X}"),
    };
    bytes.iter().map(one).collect()
}

/// Decoded, encoded anew, sorted.
fn canonical_query(query: &str) -> String {
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(&text.replace('+', " ")).collect::<Vec<u8>>()
    };
    let mut pairs: Vec<_> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (encoded(&decode(name), b""), encoded(&decode(value), b""))
        })
        .collect();
    pairs.sort();
    let pairs: Vec<_> = pairs.iter().map(|(n, v)| format!("{n}={v}")).collect();
    pairs.join("&")
}

/// The example of AWS's own documentation (IAM ListUsers), with the answer that it gives.
#[test]
fn it_agrees_with_the_example_of_the_documentation() {
    let day = mac(b"AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830");
    let key = ["us-east-1", "iam", "aws4_request"]
        .iter()
        .fold(day, |key, part| mac(&key, part));
    assert_eq!(
        hex(&key),
        "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
    );
    let to_sign = "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\nf536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59";
    assert_eq!(
        hex(&mac(&key, to_sign)),
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    );
    assert_eq!(
        canonical_query("Version=2010-05-08&Action=ListUsers"),
        "Action=ListUsers&Version=2010-05-08"
    );
}
