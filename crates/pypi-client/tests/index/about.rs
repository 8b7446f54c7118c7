//! What a page says about the project as a whole, in JSON and in HTML.

use slsa_pip_pypi_client::ProjectStatus;

use crate::{HTML, JSON, Site, client, foo, only_file, page};

#[tokio::test]
async fn json_and_html_say_the_same_about_a_project() {
    let json = r#"{"meta":{"api-version":"1.4","tracks":["https://index.example/simple/foo/"]},"name":"foo","files":[],
        "versions":["1.0","2.0"],"alternate-locations":["https://other.example/simple/foo/"],
        "project-status":{"status":"archived","reason":"see\u001b bar"}}"#;
    let html = r#"<html><head><meta name="pypi:repository-version" content="1.4">
        <meta name="pypi:project-status" content="archived"><meta name="pypi:project-status-reason" content="see&#27; bar">
        <meta name="pypi:tracks" content="https://index.example/simple/foo/">
        <meta name="pypi:alternate-locations" content="https://other.example/simple/foo/"></head><body></body></html>"#;
    for (kind, body, versions) in [(JSON, json, 2), (HTML, html, 0)] {
        let site = Site::default();
        site.put("/simple/foo/", kind, body);
        let about = client(&[site.serve().await])
            .project(&foo())
            .await
            .unwrap()
            .about
            .clone();
        assert_eq!(about.status, ProjectStatus::Archived);
        assert_eq!(about.status_reason.as_deref(), Some("see bar"));
        assert_eq!(about.tracks, ["https://index.example/simple/foo/"]);
        assert_eq!(about.alternate_locations, ["https://other.example/simple/foo/"]);
        assert_eq!(about.versions.len(), versions, "HTML has no place for them");
    }
}

#[tokio::test]
async fn every_status_is_known_or_named() {
    for (text, expected) in [
        (r#""project-status":{"status":"active"}"#, ProjectStatus::Active),
        (
            r#""project-status":{"status":"quarantined"}"#,
            ProjectStatus::Quarantined,
        ),
        (
            r#""project-status":{"status":"deprecated","reason":""}"#,
            ProjectStatus::Deprecated,
        ),
        (
            r#""project-status":{"status":"sold"}"#,
            ProjectStatus::Other("sold".to_owned()),
        ),
        (r#""project-status":{}"#, ProjectStatus::Active),
        (
            r#""project-status":"archived","versions":7,"alternate-locations":{}"#,
            ProjectStatus::Active,
        ),
        (r#""x":1"#, ProjectStatus::Active),
    ] {
        let site = Site::default();
        let body = page("").replace(r#""name":"foo""#, &format!(r#""name":"foo",{text}"#));
        site.put("/simple/foo/", JSON, body);
        let client = client(&[site.serve().await]);
        // What is said badly about the project spoils none of its files.
        if expected != ProjectStatus::Quarantined {
            only_file(&client).await;
        }
        let about = client.project(&foo()).await.unwrap().about.clone();
        assert_eq!((about.status, about.status_reason), (expected, None), "{text}");
    }
}
