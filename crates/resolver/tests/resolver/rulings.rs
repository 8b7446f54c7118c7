//! Releases that the source rules out, or has excluded beforehand.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_push_string,
    clippy::format_collect,
    reason = "an unreadable test world is a broken test"
)]

use slsa_pip_resolver::{MAX_RULED_OUT, Request, ResolveError};

use crate::world::{World, chosen, request, run, world};

fn asking(requirements: &[&str]) -> Request {
    let mut asked = request(requirements);
    asked.ask_rulings = true;
    asked
}

async fn notes(world: &World, asked: &Request) -> Vec<String> {
    run(world, asked).await.unwrap().notes
}

async fn refused(world: &World, asked: &Request) -> (String, Vec<String>) {
    match run(world, asked).await.unwrap_err() {
        ResolveError::Unsatisfiable { explanation, ruled_out } => {
            (explanation, ruled_out.iter().map(ToString::to_string).collect())
        }
        other => panic!("{other}"),
    }
}

fn asked_about(world: &World) -> Vec<String> {
    let mut files = std::mem::take(&mut *world.ruled_on.lock().unwrap());
    files.sort();
    files
}

#[tokio::test]
async fn nobody_is_asked_unless_it_is_wanted() {
    let world = world("a 1\n a 2 out=unproven");
    assert_eq!(chosen(&world, &request(&["a"])).await, "a 2");
    assert!(asked_about(&world).is_empty());
}

#[tokio::test]
async fn the_newest_that_is_not_ruled_out_is_taken_and_said_to_be() {
    let world = world("a 1 -> b\n a 2 -> b\n a 3 out=unproven -> b\n b 1\n b 2 out=unproven\n b 3 out=forged");
    assert_eq!(chosen(&world, &asking(&["a"])).await, "a 2, b 1");
    let told = notes(&world, &asking(&["a"])).await;
    assert_eq!(
        told,
        [
            "a 3 was passed over: it is unproven",
            "b 2 was passed over: it is unproven",
            "b 3 was passed over: it is forged"
        ]
    );
    // Extras, pins and `--no-deps` change nothing of that.
    assert_eq!(chosen(&world, &asking(&["a[x]"])).await, "a 2, b 1");
    let mut alone = asking(&["a"]);
    alone.no_deps = true;
    assert_eq!(chosen(&world, &alone).await, "a 2");
}

#[tokio::test]
async fn each_file_is_asked_about_once_and_only_where_its_metadata_will_do() {
    let world = world("a 1\n a 2 needs=>=3.12\n a 3 claims=other\n b 1 -> a");
    assert_eq!(chosen(&world, &asking(&["a", "b"])).await, "a 1, b 1");
    let files = asked_about(&world);
    for file in ["a-1-py3-none-any.whl", "b-1-py3-none-any.whl"] {
        assert_eq!(files.iter().filter(|it| *it == file).count(), 1, "{files:?}");
    }
}

#[tokio::test]
async fn where_none_is_left_the_reason_comes_first() {
    let world = world("a 1 out=unproven\n b 1 -> a<2\n c 1 -> a>=2\n a 2");
    let (told, projects) = refused(&world, &asking(&["a<2"])).await;
    assert!(told.contains("a 1 is unproven"), "{told}");
    assert_eq!(projects, ["a"]);
    let (told, projects) = refused(&world, &asking(&["b"])).await;
    assert!(told.starts_with("Because a 1 is unproven, and"), "{told}");
    assert_eq!(projects, ["a"]);
    // A contradiction that has nothing to do with it is not put down to it.
    let (_, projects) = refused(&world, &asking(&["b", "c"])).await;
    assert!(projects.is_empty(), "{projects:?}");
}

/// That the source cannot tell must not lead to an older release.
#[tokio::test]
async fn a_source_that_cannot_tell_ends_the_resolution() {
    let world = world("a 1\n a 2 out=?\n b 1 -> a<2");
    let error = run(&world, &asking(&["a"])).await.unwrap_err();
    assert!(
        matches!(&error, ResolveError::Source { name, .. } if name.as_str() == "a"),
        "{error}"
    );
    assert_eq!(chosen(&world, &asking(&["a<2"])).await, "a 1");
}

#[tokio::test]
async fn after_many_releases_no_more_are_looked_at() {
    let many: String = (1..=MAX_RULED_OUT + 9)
        .map(|at| format!("a {at} out=unproven\n"))
        .collect();
    let text = format!("a 0\n{many}");
    let world = world(&text);
    let (told, projects) = refused(&world, &asking(&["a"])).await;
    assert!(told.contains("unproven"), "{told}");
    assert_eq!(projects, ["a"]);
    let asked = asked_about(&world).len();
    assert!((MAX_RULED_OUT..MAX_RULED_OUT + 6).contains(&asked), "{asked}");
    assert_eq!(chosen(&world, &asking(&["a<1"])).await, "a 0");
}

#[tokio::test]
async fn what_is_ruled_out_opens_no_way_to_prereleases_and_yanked_releases() {
    let world = world("a 1rc1\n a 1 out=unproven\n b 1 yanked\n b 2 out=unproven\n c 1rc1\n c 1 excluded=young");
    for name in ["a", "b", "c"] {
        let (_, projects) = refused(&world, &asking(&[name])).await;
        assert_eq!(projects, [name]);
    }
    assert_eq!(chosen(&world, &asking(&["a==1rc1", "b==1"])).await, "a 1rc1, b 1");
}

#[tokio::test]
async fn what_is_installed_is_not_asked_about() {
    let world = world("a 1 out=unproven\n a 2 out=unproven");
    let mut asked = asking(&["a"]);
    crate::world::installed(&mut asked, "a 1");
    let resolution = run(&world, &asked).await.unwrap();
    assert_eq!((resolution.packages.len(), resolution.satisfied.len()), (0, 1));
    assert!(asked_about(&world).is_empty());
}

#[tokio::test]
async fn excluded_files_leave_the_others_of_their_release() {
    let world =
        world("a 1\n a 2\n a 2 build=7 excluded=uploaded~now\n b 1\n b 2 excluded=uploaded~now\n b 3rc1 excluded=x");
    assert_eq!(chosen(&world, &request(&["a", "b"])).await, "a 2, b 1");
    let resolution = run(&world, &request(&["a"])).await.unwrap();
    assert_eq!(resolution.packages[0].filename.as_str(), "a-2-py3-none-any.whl");
    assert_eq!(
        notes(&world, &request(&["b"])).await,
        ["b 2 was passed over: uploaded~now"]
    );
    let (told, projects) = refused(&world, &request(&["b>=2"])).await;
    assert!(told.contains("2: uploaded~now"), "{told}");
    assert_eq!(projects, ["b"]);
}

#[tokio::test]
async fn the_answer_does_not_depend_on_timing() {
    let mut texts = String::new();
    for at in 1..9 {
        let out = if at % 3 == 0 { "" } else { " out=unproven" };
        texts.push_str(&format!("a {at}{out} -> b<={at}\n b {at}{out}\n"));
    }
    let calm = world(&texts);
    let expected = chosen(&calm, &asking(&["a", "b"])).await;
    assert_eq!(expected, "a 6, b 6");
    for seed in 1..20 {
        let mut scrambled = world(&texts);
        scrambled.seed = seed;
        assert_eq!(chosen(&scrambled, &asking(&["a", "b"])).await, expected, "{seed}");
    }
}
