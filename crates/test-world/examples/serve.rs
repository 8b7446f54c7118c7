//! Serves the test world until standard input ends: for trying things by hand.

use slsa_pip_test_world::{Evidence, Identity, Release, Wheel, World};
use std::io::{self, Read as _, Write as _};

fn main() -> io::Result<()> {
    let world = World::start_blocking()?;
    let identity = Identity::slsa_generator("acme/anvil").tag("v1.0.0");
    let wheel = Wheel::builder("anvil", "1.0.0").requires_python(">=3.8").build();
    world.publish(Release::new(wheel).with(Evidence::classic_release(identity, "v1.0.0")));
    let mut out = io::stdout();
    writeln!(out, "PIP_INDEX_URL={}", world.index_url())?;
    writeln!(out, "SLSA_PIP_TRUSTED_ROOT={}", world.trusted_root_path().display())?;
    writeln!(out, "SLSA_PIP_REKOR_URL={}", world.rekor_url())?;
    writeln!(out, "SLSA_PIP_GITHUB_URL={}", world.github_url())?;
    writeln!(out, "SLSA_PIP_GITHUB_API_URL={}", world.github_api_url())?;
    out.flush()?;
    io::stdin().read_to_end(&mut Vec::new()).map(drop)
}
