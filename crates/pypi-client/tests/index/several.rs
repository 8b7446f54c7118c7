//! Several indexes: which of them a project is taken from.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use slsa_pip_distribution::PackageName;
use slsa_pip_http::{Client, Netrc, Settings};
use slsa_pip_pypi_client::{IndexClient, IndexError, IndexStrategy, Project, SkipReason};
use tokio::net::TcpListener;
use url::Url;

use crate::{HTML, JSON, Site, WHEEL, client, foo, http, only_file, page};

#[tokio::test]
async fn the_first_index_that_has_the_project_wins() {
    let (private, public) = (Site::default(), Site::default());
    private.put("/simple/foo/", JSON, page(""));
    public.put("/simple/foo/", JSON, page("").replace("foo-1.0", "foo-9.0"));
    public.put("/simple/bar/", JSON, r#"{"files":[]}"#);
    let urls = [private.serve().await, public.serve().await];
    let client = client(&urls);
    let (one, two) = tokio::join!(async { client.project(&foo()).await }, async {
        client.project(&foo()).await
    });
    assert!(Arc::ptr_eq(&one.unwrap(), &two.unwrap()), "fetched once");
    assert_eq!(only_file(&client).await.filename.as_str(), WHEEL);
    assert_eq!(public.asked(), Vec::<String>::new());
    let bar = client.project(&"bar".parse().unwrap()).await.unwrap();
    assert_eq!(bar.index_url, urls[1].join("simple/").unwrap());
    let Err(IndexError::NotFound { name, asked }) = client.project(&"Nothing.Here".parse().unwrap()).await else {
        panic!("found")
    };
    assert_eq!((name.as_str(), asked.len()), ("nothing-here", 2));
    assert!(asked[0].ends_with("/simple/nothing-here/"));
}

fn names(project: &Project) -> Vec<&str> {
    project.files.iter().map(|file| file.filename.as_str()).collect()
}

/// A private index with version 1 of foo, and a public one where somebody has put version 9.
async fn confusing() -> (Site, Site, [Url; 2]) {
    let (private, public) = (Site::default(), Site::default());
    private.put("/simple/foo/", JSON, page(""));
    public.put("/simple/foo/", JSON, page("").replace("foo-1.0", "foo-9.0"));
    let urls = [private.serve().await, public.serve().await];
    let urls = urls.map(|url| url.join("simple/").unwrap());
    (private, public, urls)
}

#[tokio::test]
async fn a_higher_version_on_a_later_index_is_not_taken_unless_all_are_asked_for() {
    let (private, public, urls) = confusing().await;
    let new = || IndexClient::new(http(), urls.to_vec(), &[]).unwrap();
    let project = new().project(&foo()).await.unwrap();
    assert_eq!(names(&project), [WHEEL]);
    assert_eq!((private.asked().len(), public.asked().len()), (1, 0));
    assert_eq!(project.remarks, Vec::<String>::new());

    let all = new().with_strategy(IndexStrategy::UnsafeBestMatch);
    let project = all.project(&foo()).await.unwrap();
    assert_eq!(names(&project), [WHEEL, "foo-9.0-py3-none-any.whl"]);
    let of: Vec<_> = project.files.iter().map(|file| Url::clone(&file.index_url)).collect();
    assert_eq!(of, urls, "each file says where it is from");
    assert_eq!(project.index_url, urls[0]);
    let [remark] = project.remarks.as_slice() else {
        panic!("{:?}", project.remarks)
    };
    assert!(
        remark.contains("is on 2 indexes") && remark.contains(urls[1].as_str()),
        "{remark}"
    );
    assert_eq!(all.remarks(&foo()), project.remarks);
    assert_eq!(all.remarks(&"bar".parse().unwrap()), Vec::<String>::new());
}

/// PEP 708: what the indexes say of one another is told, and decides nothing.
#[tokio::test]
async fn whether_indexes_name_one_another_is_told() {
    let tracking = |url: &Url| format!(r#""meta":{{"api-version":"1.4","tracks":["{url}foo"]}}"#);
    let alternate = |url: &Url| format!(r#""alternate-locations":["{url}foo/"],"meta":{{"api-version":"1.4"}}"#);
    let neither = r#""meta":{"api-version":"1.4"}"#.to_owned();
    for case in 0..4 {
        let (private, public, urls) = confusing().await;
        let (first, second) = match case {
            0 => (neither.clone(), neither.clone()),
            1 => (tracking(&urls[1]), neither.clone()),
            2 => (neither.clone(), alternate(&urls[0])),
            _ => (tracking(&urls[0]), alternate(&urls[1])),
        };
        private.put("/simple/foo/", JSON, page("").replace(&neither, &first));
        public.put("/simple/foo/", JSON, page("").replace(&neither, &second));
        let client = IndexClient::new(http(), urls.to_vec(), &[]).unwrap();
        let client = client.with_strategy(IndexStrategy::UnsafeBestMatch);
        let project = client.project(&foo()).await.unwrap();
        assert_eq!(project.files.len(), 2);
        let linked = project.remarks[0].contains("name one another");
        assert_eq!(linked, matches!(case, 1 | 2), "{case}: {:?}", project.remarks);
    }
}

#[tokio::test]
async fn all_indexes_are_asked_or_none_is_believed() {
    for status in [401, 403, 500] {
        let (private, public, urls) = confusing().await;
        public.put_status("/simple/foo/", status, "text/html", "");
        let all = IndexClient::new(http(), urls.to_vec(), &[])
            .unwrap()
            .with_strategy(IndexStrategy::UnsafeBestMatch);
        let Err(IndexError::Http(error)) = all.project(&foo()).await else {
            panic!("{status}")
        };
        assert_eq!((error.status(), private.asked().len()), (Some(status), 1));
    }
}

/// Only "not found" means that an index does not have a project.
#[tokio::test]
async fn an_index_that_fails_is_not_passed_over() {
    let login = r#"<html><form><input type="password"></form></html>"#;
    for (status, kind, body) in [
        (401, "text/html", ""),
        (403, "text/html", ""),
        (429, "text/html", ""),
        (500, "text/html", ""),
        (204, "text/html", ""),
        (200, "text/html", login),
        (200, HTML, "Sign in, please"),
        (200, JSON, login),
        (200, "text/plain", ""),
    ] {
        for strategy in [IndexStrategy::FirstIndex, IndexStrategy::UnsafeBestMatch] {
            let (private, public, urls) = confusing().await;
            private.put_status("/simple/foo/", status, kind, body);
            let error = IndexClient::new(http(), urls.to_vec(), &[])
                .unwrap()
                .with_strategy(strategy)
                .project(&foo())
                .await
                .unwrap_err();
            match &error {
                IndexError::Http(error) => assert_eq!(error.status(), Some(status), "{error}"),
                IndexError::NotAnIndex { .. } => assert!((200..300).contains(&status), "{error}"),
                _ => panic!("{error}"),
            }
            assert_eq!(public.asked(), Vec::<String>::new(), "{status} {body}");
        }
    }
    for status in [404, 410] {
        let (private, public, urls) = confusing().await;
        private.put_status("/simple/foo/", status, "text/html", login);
        let project = IndexClient::new(http(), urls.to_vec(), &[])
            .unwrap()
            .project(&foo())
            .await;
        assert_eq!(names(&project.unwrap()), ["foo-9.0-py3-none-any.whl"]);
        assert_eq!((private.asked().len(), public.asked().len()), (1, 1));
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_not_passed_over() {
    let (_, public, urls) = confusing().await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let down = Url::parse(&format!("http://{}/simple/", gone.local_addr().unwrap())).unwrap();
    drop(gone);
    let client = IndexClient::new(http(), vec![down, urls[1].clone()], &[]).unwrap();
    let error = client.project(&foo()).await.unwrap_err();
    assert!(matches!(error, IndexError::Http(_)), "{error}");
    assert_eq!(public.asked(), Vec::<String>::new());
}

/// `foo` belongs to this index.
fn to(index: &str) -> impl Fn(&PackageName) -> Option<Url> + Send + Sync + 'static {
    let index = Url::parse(index).unwrap();
    move |name| (*name == foo()).then(|| index.clone())
}

#[tokio::test]
async fn projects_without_an_assignment_come_from_open_indexes_alone() {
    let (private, public, urls) = confusing().await;
    let client = IndexClient::new(http(), urls.to_vec(), &[])
        .unwrap()
        .with_open([urls[1].clone()])
        .unwrap();
    assert_eq!(
        names(&client.project(&foo()).await.unwrap()),
        ["foo-9.0-py3-none-any.whl"]
    );
    assert_eq!((private.asked().len(), public.asked().len()), (0, 1));
    // What is assigned to the other is taken from there all the same.
    let client = IndexClient::new(http(), urls.to_vec(), &[])
        .unwrap()
        .with_open([urls[1].clone()])
        .unwrap()
        .with_assignment(to(urls[0].as_str()));
    assert_ne!(
        names(&client.project(&foo()).await.unwrap()),
        ["foo-9.0-py3-none-any.whl"]
    );
    assert_eq!(private.asked().len(), 1);
    let client = IndexClient::new(http(), urls.to_vec(), &[])
        .unwrap()
        .with_open([])
        .unwrap();
    let error = client.project(&foo()).await.unwrap_err();
    assert!(
        matches!(&error, IndexError::NotFound { asked, .. } if asked.is_empty()),
        "{error}"
    );
}

/// A requirements file may say `--no-index --find-links URL`: that must not lead around the assignment.
#[tokio::test]
async fn a_page_of_links_elsewhere_does_not_stand_in_for_the_assigned_index() {
    let (_, public, urls) = confusing().await;
    public.put("/links/", "text/html", "<a href=\"foo-66.0-py3-none-any.whl\">foo</a>");
    let page = urls[1].join("/links/").unwrap();
    let client = || IndexClient::new(http(), vec![], &[page.to_string()]).unwrap();
    assert_eq!(
        names(&client().project(&foo()).await.unwrap()),
        ["foo-66.0-py3-none-any.whl"]
    );
    let error = client()
        .with_assignment(to(urls[0].as_str()))
        .project(&foo())
        .await
        .unwrap_err();
    assert!(matches!(error, IndexError::NotFound { .. }), "{error}");
}

#[tokio::test]
async fn an_assigned_project_is_looked_for_on_its_index_alone() {
    let links = tempfile::tempdir().unwrap();
    std::fs::write(links.path().join("foo-8.0-py3-none-any.whl"), "x").unwrap();
    let links = [links.path().display().to_string()];
    let (private, public, urls) = confusing().await;
    let assigned = |index: &str| {
        IndexClient::new(http(), urls.to_vec(), &links)
            .unwrap()
            .with_strategy(IndexStrategy::UnsafeBestMatch)
            .with_assignment(to(index))
    };
    // With or without a `/` at its end.
    for index in [urls[1].as_str(), urls[1].as_str().trim_end_matches('/')] {
        let client = assigned(index);
        let project = client.project(&foo()).await.unwrap();
        assert_eq!(names(&project), ["foo-9.0-py3-none-any.whl"]);
        assert_eq!((private.asked().len(), public.asked().len()), (0, 1));
        assert!(
            project.remarks[0].contains("alone, as policy says"),
            "{:?}",
            project.remarks
        );
    }
    // What its index does not have is not taken from another.
    public.put_status("/simple/foo/", 404, "text/html", "");
    let error = assigned(urls[1].as_str()).project(&foo()).await.unwrap_err();
    assert!(
        matches!(&error, IndexError::NotFound { asked, .. } if asked.len() == 1 && asked[0].starts_with(urls[1].as_str())),
        "{error}"
    );
    assert_eq!(private.asked(), Vec::<String>::new());

    let client = assigned("https://elsewhere.example/simple/");
    let error = client.project(&foo()).await.unwrap_err();
    assert!(
        matches!(&error, IndexError::NotConfigured { configured, .. } if configured.len() == 2),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("--extra-index-url"));
    // Other projects are nobody's.
    let error = client.project(&"bar".parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, IndexError::NotFound { .. }), "{error}");
}

#[tokio::test]
async fn without_any_index_an_assignment_means_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(WHEEL), "x").unwrap();
    let client = IndexClient::new(http(), vec![], &[folder.path().display().to_string()])
        .unwrap()
        .with_assignment(to("https://index.example/simple/"));
    assert_eq!(only_file(&client).await.filename.as_str(), WHEEL);
}

#[tokio::test]
async fn a_login_in_the_configured_url_does_not_hinder_the_assignment() {
    let (_, public, urls) = confusing().await;
    let mut with_login = urls[1].clone();
    with_login.set_username("user").unwrap();
    with_login.set_password(Some("s3cret")).unwrap();
    let client = IndexClient::new(http(), vec![urls[0].clone(), with_login], &[])
        .unwrap()
        .with_assignment(to(urls[1].as_str()));
    let project = client.project(&foo()).await.unwrap();
    assert_eq!(public.asked().len(), 1);
    assert!(!format!("{project:?} {client:?}").contains("s3cret"));
}

#[tokio::test]
async fn a_quarantined_project_has_no_files_and_no_later_index() {
    let statuses = [
        ("quarantined", 0, "is quarantined as unsafe"),
        ("archived", 1, "is archived"),
        ("deprecated", 1, "is deprecated"),
        ("sold", 1, "has the status \"sold\""),
    ];
    for (status, files, says) in statuses {
        let (private, public, urls) = confusing().await;
        let about = format!(r#""name":"foo","project-status":{{"status":"{status}","reason":"see there"}}"#);
        private.put("/simple/foo/", JSON, page("").replace(r#""name":"foo""#, &about));
        let client = IndexClient::new(http(), urls.to_vec(), &[]).unwrap();
        let project = client.project(&foo()).await.unwrap();
        assert_eq!(
            (project.files.len(), project.skipped.len()),
            (files, 1 - files),
            "{status}"
        );
        if files == 0 {
            assert_eq!(project.skipped[0].reason, SkipReason::Quarantined);
            assert_eq!(project.skipped[0].filename, WHEEL);
        }
        let remark = &project.remarks[0];
        assert!(remark.contains(says) && remark.contains("(see there)"), "{remark}");
        assert!(remark.contains(urls[0].as_str()), "{remark}");
        let expected: &[String] = if files == 0 { &project.remarks } else { &[] };
        assert_eq!(client.quarantined(), expected);
        assert_eq!(public.asked(), Vec::<String>::new());
    }
}

/// The logins that were sent.
type Seen = Arc<Mutex<Vec<Option<String>>>>;

/// An index that wants a login, and remembers which ones it was sent.
async fn guarded(expected: &'static str, body: &'static str) -> (Url, Seen) {
    guarded_at("127.0.0.1", expected, body).await
}

async fn guarded_at(host: &str, expected: &'static str, body: &'static str) -> (Url, Seen) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let router = Router::new().fallback(move |headers: HeaderMap, request: Request| {
        let login = headers
            .get(header::AUTHORIZATION)
            .map(|value| value.to_str().unwrap().to_owned());
        noted.lock().unwrap().push(login.clone());
        async move {
            let allowed = expected.is_empty() || login.as_deref() == Some(expected);
            let answer: Response = match (allowed, request.uri().path()) {
                (false, _) => StatusCode::UNAUTHORIZED.into_response(),
                (true, "/simple/foo/") if body.is_empty() => StatusCode::NOT_FOUND.into_response(),
                (true, "/simple/foo/") => ([(header::CONTENT_TYPE, JSON)], body.to_owned()).into_response(),
                (true, _) => "bytes".into_response(),
            };
            answer
        }
    });
    let listener = TcpListener::bind((host, 0)).await.unwrap();
    let url = format!("http://{host}:{}/simple/", listener.local_addr().unwrap().port());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (Url::parse(&url).unwrap(), seen)
}

/// `user:one` and `user:two` in basic authentication.
const ONE: &str = "Basic dXNlcjpvbmU=";
const TWO: &str = "Basic dXNlcjp0d28=";

#[tokio::test]
async fn a_login_never_goes_to_another_index() {
    let with_login = |url: &Url, password: &str| {
        let mut url = url.clone();
        url.set_username("user").unwrap();
        url.set_password(Some(password)).unwrap();
        url
    };
    // The first has nothing; the second names a file of the third, which wants none.
    let (one, seen_one) = guarded(ONE, "").await;
    let (three, seen_three) = guarded("", "").await;
    let files: &'static str = Box::leak(
        format!(
            r#"{{"files":[{{"filename":"{WHEEL}","url":"{three}files/{WHEEL}","hashes":{{}},"provenance":"{three}p"}}]}}"#
        )
        .into_boxed_str(),
    );
    let (two, seen_two) = guarded(TWO, files).await;
    let all = vec![with_login(&one, "one"), with_login(&two, "two"), three];
    let client = IndexClient::new(http(), all, &[]).unwrap();
    let file = only_file(&client).await;
    let staging = tempfile::tempdir().unwrap();
    client.download(&file, staging.path(), &[]).await.unwrap();
    client.metadata(&file).await.unwrap_err();
    client.integrity_provenance(&file).await.unwrap();
    assert_eq!(*seen_one.lock().unwrap(), [Some(ONE.to_owned())]);
    assert_eq!(*seen_two.lock().unwrap(), [Some(TWO.to_owned())]);
    let seen = seen_three.lock().unwrap();
    assert!(!seen.is_empty() && seen.iter().all(Option::is_none), "{seen:?}");
}

#[tokio::test]
async fn a_netrc_login_is_for_its_host_and_an_index_of_the_same_host_has_its_own_port() {
    let (one, seen_one) = guarded(ONE, "").await;
    // Another name of this machine: what is written for one host is not sent to the other.
    let body: &'static str = r#"{"files":[]}"#;
    let (two, seen_two) = guarded_at("localhost", "", body).await;
    let mut settings = Settings::default();
    settings.retries = 0;
    settings.netrc = Netrc::parse("machine 127.0.0.1 login user password one\n").unwrap();
    let client = IndexClient::new(Client::new(settings).unwrap(), vec![one, two], &[]).unwrap();
    assert_eq!(client.project(&foo()).await.unwrap().files.len(), 0);
    assert_eq!(*seen_one.lock().unwrap(), [Some(ONE.to_owned())]);
    assert_eq!(*seen_two.lock().unwrap(), [None]);
}
