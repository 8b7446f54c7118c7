//! pip's rules, one test each, on an index in memory.
#![expect(
    clippy::format_push_string,
    clippy::format_collect,
    reason = "worlds are written as text"
)]

use crate::world::{all, chosen, digest, request, run, solve, world};
use slsa_pip_resolver::{ProjectList, ResolveError, Source as _};

#[tokio::test]
async fn the_newest_version_and_its_dependencies() {
    let index = "a 1.0\n a 2.0 -> b>=1\n b 1.0\n b 1.5\n unrelated 1";
    assert_eq!(solve(index, &["A"]).await, "a 2.0, b 1.5");
    assert_eq!(solve(index, &["a<2"]).await, "a 1.0");
    assert_eq!(solve(index, &["a", "b==1.0"]).await, "a 2.0, b 1.0");
    assert_eq!(solve("a 1.10\n a 1.9", &["a"]).await, "a 1.10");
    assert_eq!(solve("foo_bar 1", &["Foo.Bar"]).await, "foo-bar 1");
    assert_eq!(solve("a 1", &[]).await, "");
}

#[tokio::test]
async fn diamonds_and_backtracking() {
    let diamond = "a 1 -> c<2\n b 1 -> c>=1\n c 1\n c 2";
    assert_eq!(solve(diamond, &["a", "b"]).await, "a 1, b 1, c 1");
    let older = "a 1 -> c<2\n a 2 -> c>=2\n b 1 -> c<2\n c 1\n c 2";
    assert_eq!(solve(older, &["b", "a"]).await, "a 1, b 1, c 1");
    let long: String = (1..60)
        .map(|n| format!("a {n} -> b=={n}\n b {n} -> c=={n}\n"))
        .collect();
    assert_eq!(solve(&format!("{long} c 7"), &["a"]).await, "a 7, b 7, c 7");
    let cycle = "a 1 -> b\n b 1 -> a<2\n a 2 -> b";
    assert_eq!(solve(cycle, &["a"]).await, "a 1, b 1");
    let selfish = "a 1 -> a\n a 2 -> a<2";
    assert_eq!(solve(selfish, &["a"]).await, "a 1");
}

#[tokio::test]
async fn what_was_asked_for_keeps_its_newest_release_rather_than_a_dependency() {
    // As fastapi, starlette and anyio.
    let index = "f 1 -> s\n f 2 -> s | y<4\n s 1 -> y<5\n y 3\n y 4";
    assert_eq!(solve(index, &["f", "s<2"]).await, "f 2, s 1, y 3");
    assert_eq!(solve(index, &["s<2", "f"]).await, "f 2, s 1, y 3");
}

#[tokio::test]
async fn extras() {
    let index = "a 1 -> b ; extra == 'x' | c ; extra == 'y_1' | d\n b 1\n c 1\n d 1";
    assert_eq!(solve(index, &["a"]).await, "a 1, d 1");
    assert_eq!(solve(index, &["a[x]"]).await, "a 1, b 1, d 1");
    assert_eq!(solve(index, &["a[X,Y.1]"]).await, "a 1, b 1, c 1, d 1");
    let nested = "a 1 -> a[x,y] ; extra == 'all' | b ; extra == 'x' | a[all] ; extra == 'y'\n b 1";
    assert_eq!(solve(nested, &["a[all]"]).await, "a 1, b 1");
    let same_version = "a 1 -> b ; extra == 'x'\n a 2 -> b ; extra == 'x'\n b 1 -> a<2";
    assert_eq!(solve(same_version, &["a[x]"]).await, "a 1, b 1");
    let far = "a 1 -> b[x]\n b 1 -> c ; extra == 'x'\n b 2 -> c ; extra == 'x'\n c 1 -> b<2";
    assert_eq!(solve(far, &["a"]).await, "a 1, b 1, c 1");
    let resolution = run(&world("a 1"), &request(&["a[nope]"])).await.unwrap();
    assert_eq!(resolution.notes, ["a 1 has no extra `nope`"]);
    // An extra counts if it is declared, not if a marker has it.
    let resolution = run(&world("a 1 undeclared -> gone ; extra == 'x'"), &request(&["a[x]"]))
        .await
        .unwrap();
    assert_eq!(resolution.notes, ["a 1 has no extra `x`"]);
}

#[tokio::test]
async fn extras_of_an_old_version_cost_no_metadata_of_newer_ones() {
    let many: String = (1..200).map(|n| format!("a {n} -> c ; extra == 'x'\n")).collect();
    let world = world(&format!("{many} b 1 -> a<4\n c 1"));
    assert_eq!(chosen(&world, &request(&["b", "a[x]"])).await, "a 3, b 1, c 1");
    let fetches = world.metadata_fetches.load(std::sync::atomic::Ordering::Relaxed);
    assert!(fetches < 20, "{fetches}");
}

#[tokio::test]
async fn markers() {
    let index = "a 1 -> b ; sys_platform == 'win32' | c ; python_version >= '3.8'\n b 1\n c 1";
    assert_eq!(solve(index, &["a"]).await, "a 1, c 1");
    let world = world(index);
    let resolution = run(&world, &request(&["a", "b ; os_name == 'nt'"])).await.unwrap();
    assert_eq!(
        resolution.notes,
        ["`b ; os_name == 'nt'` was skipped: its marker does not hold here"]
    );
}

#[tokio::test]
async fn the_best_wheel_of_a_version() {
    let index = "a 1 tag=py3-none-any\n a 1 tag=cp311-cp311-manylinux_2_17_x86_64\n a 1 tag=cp311-abi3-linux_x86_64\n\
        a 1 sdist\n a 1 tag=cp311-cp311-win_amd64\n\
        b 1\n b 1 build=2\n b 1 build=10\n c 1 tag=py2.py3-none-any\n c 1 tag=py3-none-any\n d 1 build=2 yanked\n d 1";
    let resolution = run(&world(index), &request(&["a", "b", "c", "d"])).await.unwrap();
    let files: Vec<_> = resolution.packages.iter().map(|it| it.filename.as_str()).collect();
    assert_eq!(
        files,
        [
            "a-1-cp311-cp311-manylinux_2_17_x86_64.whl",
            "b-1-10-py3-none-any.whl",
            "c-1-py3-none-any.whl",
            "d-1-py3-none-any.whl"
        ]
    );
    assert!(
        resolution
            .packages
            .iter()
            .all(|it| it.file.filename == it.filename.as_str())
    );
}

#[tokio::test]
async fn releases_without_a_usable_wheel_are_passed_over_with_a_note() {
    let index = "a 1\n a 2 sdist\n b 1\n b 2 tag=cp39-cp39-win_amd64\n c 1\n c 2 python=>=3.12\n d 1\n d 2 needs=>=3.12\n e 1\n e 2 sdist";
    let resolution = run(&world(index), &request(&["a", "b", "c", "d", "e<2"]))
        .await
        .unwrap();
    assert!(resolution.packages.iter().all(|it| it.version == "1".parse().unwrap()));
    assert_eq!(
        resolution.notes,
        [
            "a 1 was chosen although 2 is newer: that has only source distributions",
            "b 1 was chosen although 2 is newer: that has no wheel for this interpreter",
            "d 2 was left out: requires Python >=3.12",
        ]
    );
}

#[tokio::test]
async fn only_sdists_is_its_own_error() {
    let error = run(&world("a 1 sdist\n a 2 sdist"), &request(&["a"]))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ResolveError::OnlySdists { name, .. } if name.as_str() == "a"),
        "{error}"
    );
    let error = run(&world("a 1 -> b>1\n b 1\n b 2 sdist"), &request(&["a"]))
        .await
        .unwrap_err();
    let ResolveError::OnlySdists {
        name,
        required_by,
        explanation,
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!((name.as_str(), required_by.len()), ("b", 1));
    assert_eq!(
        explanation,
        "Because b 2 cannot be installed (2: only source distributions), and a requires `b>1`, a cannot be used.\n\
         And because you require `a`, your requirements cannot all be met."
    );
}

#[tokio::test]
async fn requires_python_compares_release_numbers_only() {
    let mut asked = request(&["a"]);
    asked.python = "3.13.0b1".parse().unwrap();
    assert_eq!(chosen(&world("a 1\n a 2 python=>=3.13"), &asked).await, "a 2");
}

#[tokio::test]
async fn yanked_releases_only_by_exact_pin() {
    let index = "a 1\n a 2 yanked=broken";
    for (requirement, expected) in [("a", "a 1"), ("a>=1", "a 1"), ("a==2", "a 2"), ("a===2", "a 2")] {
        assert_eq!(solve(index, &[requirement]).await, expected, "{requirement}");
    }
    for requirement in ["a>=2", "a==2.*", "a>1"] {
        let error = solve(index, &[requirement]).await;
        assert!(error.contains("2: yanked: broken"), "{requirement}: {error}");
    }
    // By a dependency, by a constraint, and not by a requirement that is no longer active.
    assert_eq!(solve("b 1 -> a==2\n a 1\n a 2 yanked", &["b"]).await, "a 2, b 1");
    let mut asked = request(&["a"]);
    asked.constraints = all(&["a==2"]);
    let resolution = run(&world(index), &asked).await.unwrap();
    assert_eq!(resolution.notes, ["a-2-py3-none-any.whl is yanked: broken"]);
    let backtracked = "b 1 -> a\n b 2 -> a==2 | c==9\n a 2 yanked\n c 1";
    let error = solve(backtracked, &["b"]).await;
    assert!(
        error.contains("a cannot be installed (2: yanked), and b requires `a` or `a==2`"),
        "{error}"
    );
    let others = "b 1 -> a\n b 2 -> a==2 | c==9\n a 1\n a 2 yanked\n c 1";
    assert_eq!(solve(others, &["b"]).await, "a 1, b 1");
}

#[tokio::test]
async fn prereleases() {
    let index = "a 1.0\n a 1.1a1\n a 2.0.dev1\n b 1.0rc1\n b 1.0rc2";
    for (requirement, expected) in [
        ("a", "a 1.0"),
        ("a>=1.0", "a 1.0"),
        ("a>=1.1a1", "a 2.0.dev1"),
        ("a>=1.0a1", "a 2.0.dev1"),
        ("a>1.0", "a 2.0.dev1"),
        ("a<2.0,>1.0", "a 1.1a1"),
        ("a!=1.1a1", "a 1.0"),
        ("a==1.1a1", "a 1.1a1"),
        ("a~=1.1a1", "a 1.1a1"),
        ("a==1.1.*", "a 1.1a1"),
        ("b", "b 1.0rc2"),
        ("b<1.0rc2", "b 1.0rc1"),
    ] {
        assert_eq!(solve(index, &[requirement]).await, expected, "{requirement}");
    }
    let mut asked = request(&["a", "b"]);
    asked.releases.all_releases = ProjectList::all();
    assert_eq!(chosen(&world(index), &asked).await, "a 2.0.dev1, b 1.0rc2");
    let mut asked = request(&["a"]);
    asked.constraints = all(&["a>=1.1a1,<2.0.dev1"]);
    assert_eq!(chosen(&world(index), &asked).await, "a 1.1a1");
}

#[tokio::test]
async fn prereleases_depend_on_all_active_requirements_together() {
    // A dependency names one: that opens them for the project, unless it comes too late, when a final one is chosen.
    let opening = "b 1 -> a>=1.0a1\n a 1.0\n a 1.1a1\n c 1 -> b | a\n d 1 -> b";
    assert_eq!(solve(opening, &["b", "a"]).await, "a 1.1a1, b 1");
    assert_eq!(solve(opening, &["a", "b"]).await, "a 1.0, b 1");
    assert_eq!(solve(opening, &["c"]).await, "a 1.0, b 1, c 1");
    assert_eq!(solve(opening, &["d"]).await, "a 1.1a1, b 1, d 1");
    // The one that names it was given up on the way.
    let index = "b 2 -> a>=1.0a1 | c==9\n b 1 -> a\n c 1\n a 1.0\n a 1.1a1";
    assert_eq!(solve(index, &["b"]).await, "a 1.0, b 1");
    // No final release fits both, though each alone has one.
    assert_eq!(
        solve("b 1 -> a<2\n a 1.0\n a 1.5a1\n a 2.0", &["a>1", "b"]).await,
        "a 1.5a1, b 1"
    );
    // A final release that is yanked, or has no allowed hash, is one all the same.
    let error = solve("a 1.0 yanked\n a 2.0a1", &["a"]).await;
    assert!(error.contains("2.0a1: a pre-release"), "{error}");
    let mut asked = request(&["a"]);
    asked.hashes.insert("a".parse().unwrap(), vec![digest("bb")]);
    let error = chosen(&world("a 1.0 sha=aa\n a 2.0a1 sha=bb"), &asked).await;
    assert!(error.contains("2.0a1: a pre-release"), "{error}");
    // A conflict of the final release does not make the pre-release acceptable.
    let error = solve("a 1.0 -> c<1\n a 1.5a1\n c 0.5\n c 1", &["a", "c>=1"]).await;
    assert!(error.contains("a pre-release"), "{error}");
}

#[tokio::test]
async fn local_versions_and_arbitrary_equality() {
    let index = "a 1.0\n a 1.0+cpu\n a 1.0.post1\n a 1.1+cu";
    for (requirement, expected) in [
        ("a==1.0", "a 1.0+cpu"),
        ("a===1.0", "a 1.0"),
        ("a===1.0+cpu", "a 1.0+cpu"),
        ("a==1.0+cpu", "a 1.0+cpu"),
        ("a!=1.0,<1.1", "a 1.0.post1"),
        ("a<=1.0", "a 1.0+cpu"),
        ("a<1.0.post1", "a 1.0+cpu"),
        ("a>1.0,<2", "a 1.1+cu"),
        ("a<=1.1", "a 1.1+cu"),
        ("a!=1.1", "a 1.0.post1"),
        ("a~=1.0.0", "a 1.0.post1"),
        ("a==1.0.*,!=1.0.post1", "a 1.0+cpu"),
    ] {
        assert_eq!(solve(index, &[requirement]).await, expected, "{requirement}");
    }
    for requirement in ["a>1.1", "a==1.0+gpu", "a===1"] {
        let error = solve(index, &[requirement]).await;
        assert!(
            error.contains("which no release satisfies (the newest is 1.1+cu)"),
            "{requirement}: {error}"
        );
    }
}

#[tokio::test]
async fn constraints_narrow_and_request_nothing() {
    let index = "a 1 -> b\n a 2 -> b\n b 1\n b 2\n c 1";
    let mut asked = request(&["a"]);
    asked.constraints = all(&["b<2", "c==1", "a<2 ; os_name == 'nt'"]);
    assert_eq!(chosen(&world(index), &asked).await, "a 2, b 1");
    asked.constraints = all(&["b>5"]);
    let error = chosen(&world(index), &asked).await;
    assert!(error.contains("2, 1: excluded by the constraint `b>5`"), "{error}");
    asked.constraints = all(&["b[x]"]);
    let error = run(&world(index), &asked).await.unwrap_err();
    assert!(matches!(error, ResolveError::ConstraintExtras { .. }), "{error}");
}

#[tokio::test]
async fn hashes_choose_files_and_are_required_of_all() {
    let index = "a 1 sha=aa\n a 1 build=1 sha=bb\n a 2 sha=cc -> b==1\n b 1 sha=dd";
    let with = |requirements: &[&str], hashes: &[(&str, &str)]| {
        let mut asked = request(requirements);
        for (name, byte) in hashes {
            asked
                .hashes
                .entry(name.parse().unwrap())
                .or_default()
                .push(digest(byte));
        }
        asked
    };
    let world = world(index);
    let resolution = run(&world, &with(&["a==1"], &[("a", "aa")])).await.unwrap();
    assert_eq!(resolution.packages[0].filename.as_str(), "a-1-py3-none-any.whl");
    let error = chosen(&world, &with(&["a==1"], &[("a", "ee")])).await;
    assert!(error.contains("no file with an allowed hash"), "{error}");
    let error = run(&world, &with(&["a==2"], &[("a", "cc")])).await.unwrap_err();
    assert!(
        matches!(&error, ResolveError::HashMissing { names } if names[0].as_str() == "b"),
        "{error}"
    );
    let error = run(&world, &with(&["a==2"], &[("a", "cc"), ("b", "dd")]))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ResolveError::NotPinned { names } if names[0].as_str() == "b"),
        "{error}"
    );
    let error = run(&world, &with(&["a>=2", "b==1"], &[("a", "cc"), ("b", "dd")]))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ResolveError::NotPinned { names } if names[0].as_str() == "a"),
        "{error}"
    );
    assert_eq!(
        chosen(&world, &with(&["a==2", "b==1"], &[("a", "cc"), ("b", "dd")])).await,
        "a 2, b 1"
    );
    let mut asked = request(&["a==1"]);
    asked.require_hashes = true;
    assert!(matches!(
        run(&world, &asked).await.unwrap_err(),
        ResolveError::HashMissing { .. }
    ));
}

#[tokio::test]
async fn unusable_metadata_excludes_only_its_release() {
    let index = "a 1\n a 2 -> b[x-]\n a 3 -> b>=1.*\n a 4 claims=c\n b 1";
    let resolution = run(&world(index), &request(&["a"])).await.unwrap();
    assert_eq!(resolution.packages[0].version, "1".parse().unwrap());
    assert_eq!(resolution.notes.len(), 3);
    for (note, part) in resolution
        .notes
        .iter()
        .zip(["`b[x-]`", "`b>=1.*`", "its metadata is that of c 4"])
    {
        assert!(note.contains(part), "{note}");
    }
}

#[tokio::test]
async fn an_invalid_requires_python_counts_for_nothing() {
    let resolution = run(&world("a 1\n a 2 needs=>=3.6.*"), &request(&["a"])).await.unwrap();
    assert_eq!(resolution.packages[0].version, "2".parse().unwrap());
    assert_eq!(
        resolution.notes,
        ["a 2: its Requires-Python `>=3.6.*` is not valid and was ignored"]
    );
}

#[tokio::test]
async fn a_failing_source_is_never_no_versions() {
    let error = run(&world("a 1 -> b\n a 0\n b !"), &request(&["a"])).await.unwrap_err();
    let ResolveError::Source { name, what, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!((name.as_str(), what.as_str()), ("b", "the index page"));
    let error = run(&world("a 1\n a 2 fails"), &request(&["a"])).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read the metadata of a-2-py3-none-any.whl of `a`: connection reset"
    );
    // What was only fetched ahead may fail.
    assert_eq!(solve("a 1 -> b<2\n b 2 fails\n b 1", &["a", "b"]).await, "a 1, b 1");
}

#[tokio::test]
async fn projects_that_do_not_exist() {
    let error = run(&world("a 1"), &request(&["nope"])).await.unwrap_err();
    assert_eq!(error.to_string(), "the project `nope` was not found");
    let error = run(&world("a 1 -> b\n b 1 -> nope>=1"), &request(&["a"]))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "the project `nope` was not found (required by `b`)");
    assert_eq!(solve("a 1\n a 2 -> nope", &["a"]).await, "a 1");
}

#[tokio::test]
async fn explanations() {
    let clash = "a 1 -> c<2\n b 1 -> c>=2\n c 1\n c 2";
    assert_eq!(
        solve(clash, &["a", "b"]).await,
        "error: no set of versions satisfies all requirements\n\n\
         Because b requires `c>=2`, and a requires `c<2`, a and b exclude each other.\n\
         And because you require `a`, and you require `b`, your requirements cannot all be met."
    );
    let missing = solve("a 1\n a 2", &["a>2"]).await;
    assert!(
        missing.ends_with("\n\nYou require `a>2`, which no release satisfies (the newest is 2)."),
        "{missing}"
    );
    let python = solve("a 1 python=>=3.12\n a 2 python=>=3.12\n a 3 sdist", &["a"]).await;
    assert!(
        python.contains("a cannot be installed (3: only source distributions; 2, 1: requires Python >=3.12)"),
        "{python}"
    );
    let spaced = solve("a 1 -> b (>1)\n a 2 -> b >1\n a 3 -> b>1\n b 1\n b 2", &["a", "b<2"]).await;
    assert!(spaced.contains("a requires `b>1`, and you"), "{spaced}");
    let extra = solve("a 1 -> b>1 ; extra == 'x'\n b 1\n b 2", &["a[x]", "b<2"]).await;
    assert!(extra.contains("a[x] requires `b>1 ; extra == 'x'`"), "{extra}");
}

#[tokio::test]
async fn many_releases_with_one_fault_take_one_sentence() {
    // As boto3 and botocore: every release pins its own.
    let pins: String = (1..200).map(|n| format!("a {n} -> b=={n}\nb {n}\n")).collect();
    let error = solve(&format!("{pins}b 300"), &["a<150", "b>=300"]).await;
    assert_eq!(
        error,
        "error: no set of versions satisfies all requirements\n\n\
         Because a<=149 needs b<=149 (149 requires `b==149`), and you require `a<150`, b<=149 is needed.\n\
         And because you require `b>=300`, your requirements cannot all be met."
    );
    let broken: String = (1..50).map(|n| format!("a {n} -> b>=1.*\n")).collect();
    let error = solve(&broken, &["a"]).await;
    assert_eq!(error.lines().count(), 3, "{error}");
    assert!(
        error.contains("a cannot be used (49: unusable METADATA: Requires-Dist: `b>=1.*`"),
        "{error}"
    );
    let gaps: String = (1..40).map(|n| format!("a {n} -> b=={}\nb {n}\n", n * 2)).collect();
    let error = solve(&format!("{gaps}b 300"), &["a", "b>=300"]).await;
    assert!(
        error.contains("needs some of b>=2,<=38 (39 requires `b==78`)"),
        "{error}"
    );
}

#[tokio::test]
async fn of_two_reasons_the_shorter_is_told_first_and_of_a_long_story_the_end() {
    let long = "l1 1 -> l2 | y1\n l2 1 -> l3\n l3 1 -> l4\n l4 1 -> x<2\n y1 1 -> y2\n y2 1 -> x>=2\n x 1\n x 2";
    let short = "s1 1 -> s2 | z1\n s2 1 -> w<2\n z1 1 -> w>=2\n w 1\n w 2";
    let index = |old: &str, new: &str| format!("a 1 -> {old}\n a 2 -> {new}\n {long}\n {short}");
    for (old, new) in [("l1", "s1"), ("s1", "l1")] {
        let error = solve(&index(old, new), &["a", "a>0"]).await;
        let lines: Vec<&str> = error.lines().skip(2).collect();
        assert_eq!(lines[0], "`a` or `a>0` cannot be met.", "{error}");
        let told = |part: &str| lines.iter().position(|line| line.contains(part)).unwrap();
        assert!(told("s2 requires `w<2`") < told("l4 requires `x<2`"), "{error}");
    }
}

#[tokio::test]
async fn a_resolution_says_where_everything_comes_from() {
    let index = "a 1 -> b[x]>=1 | c\n b 1 -> c<2 ; extra == 'x'\n c 1";
    let resolution = run(&world(index), &request(&["A >= 1", "c"])).await.unwrap();
    let [a, b, c] = resolution.packages.as_slice() else {
        panic!("{resolution:?}")
    };
    assert_eq!((a.requested, b.requested, c.requested), (true, false, true));
    assert_eq!(a.requirement_texts, ["A >= 1"]);
    assert_eq!(b.extras.iter().map(ToString::to_string).collect::<Vec<_>>(), ["x"]);
    assert_eq!(b.requirement_texts, ["b[x]>=1"]);
    assert_eq!(
        c.required_by.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["a", "b"]
    );
    assert_eq!(c.requirement_texts, ["c", "c<2 ; extra == 'x'"]);
}

#[tokio::test]
async fn the_result_does_not_depend_on_the_timing_of_answers() {
    let mut index = String::new();
    for package in 0..12 {
        for version in 1..6 {
            let next = (package + version) % 12;
            index.push_str(&format!("p{package} {version} -> p{next}<={version} | q>={version}\n"));
        }
    }
    index.push_str("q 1\n q 2\n q 3\n q 4\n");
    let mut world = world(&index);
    let asked = request(&["p0", "p5<4", "p7"]);
    let expected = chosen(&world, &asked).await;
    assert!(expected.starts_with("p0 "), "{expected}");
    for seed in 1..15 {
        world.seed = seed;
        assert_eq!(chosen(&world, &asked).await, expected, "{seed}");
    }
}

#[tokio::test]
async fn dropping_the_future_ends_the_solver() {
    let mut world = world("a 1");
    world.seed = 1_000_000_007;
    let asked = request(&["a"]);
    let outcome = tokio::time::timeout(std::time::Duration::ZERO, run(&world, &asked)).await;
    assert!(outcome.is_err());
    assert!(world.files(&"a".parse().unwrap()).await.is_ok());
}
