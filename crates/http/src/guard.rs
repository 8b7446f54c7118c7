//! Keeping a stranger's URL out of the private network: redirects of a public host, and URLs that its answers name, must
//! not make this machine ask what only it can reach.

use std::collections::HashSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::PoisonError;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::client::{Client, build};
use crate::error::HttpError;
use crate::redact::redact;
use crate::settings::Settings;

/// Environment variables that name a proxy for reqwest, in either case.
const PROXIES: [&str; 6] = [
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
];

/// Whether an address can be anybody's: none of this machine, a private network, a link, a group, or a reserved block
/// (IANA's special-purpose registries), nor one of these wrapped into an IPv6 address.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let reserved = match first {
        0 | 10 | 127 | 224..=255 => true,
        100 => (64..128).contains(&second),
        169 => second == 254,
        172 => (16..32).contains(&second),
        192 => second == 168 || (second == 0 && matches!(third, 0 | 2)),
        198 => matches!(second, 18 | 19) || (second == 51 && third == 100),
        203 => second == 0 && third == 113,
        _ => false,
    };
    !reserved
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    let [first, second, third, middle @ .., last_but_one, last] = address.segments();
    let wrapped = |high: u16, low: u16| {
        let ([one, two], [three, four]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(one, two, three, four))
    };
    match (first, second) {
        // NAT64.
        (0x64, 0xff9b) => third == 0 && middle == [0; 3] && wrapped(last_but_one, last),
        // 6to4.
        (0x2002, _) => wrapped(second, third),
        // Teredo and other tunnels, benchmarks, documentation.
        (0x2001, 0..=0x1ff | 0xdb8) | (0x3fff, 0..=0xfff) => false,
        // What is given out to the world at all.
        _ => (0x2000..0x4000).contains(&first),
    }
}

/// A name that stands for no address that [`is_public`].
#[derive(Debug)]
pub(crate) struct NoPublicAddress;

impl fmt::Display for NoPublicAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it has no public address")
    }
}

impl std::error::Error for NoPublicAddress {}

/// Looks names up, and leaves out addresses that are not public. What is connected to is what was looked at.
struct PublicOnly {
    /// Names of proxies, which may be anywhere.
    proxies: HashSet<String>,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let any = self.proxies.contains(name.as_str());
        Box::pin(async move {
            // Without a port, which the connection knows.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.filter(|found| any || is_public(found.ip())).collect();
            if found.is_empty() {
                return Err(NoPublicAddress.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// The hosts of the proxies that requests may go through.
fn proxies(settings: &Settings) -> HashSet<String> {
    let named = PROXIES.iter().filter_map(|name| std::env::var(name).ok());
    let all = settings.proxy.clone().into_iter().chain(named);
    all.filter_map(|proxy| {
        let url = Url::parse(&proxy).ok().filter(Url::has_host);
        let url = url.or_else(|| Url::parse(&format!("http://{proxy}")).ok());
        url?.host_str().map(str::to_owned)
    })
    .collect()
}

impl Client {
    /// The client for a request to `url`, which a stranger may have chosen, unless it is at `home`'s own host.
    ///
    /// If `home` itself is in a private network, so may others be. Through a proxy it is the proxy that looks names up; only
    /// addresses in URLs are checked then.
    pub(crate) async fn guarded(&self, home: &Url, url: &Url) -> Result<&reqwest::Client, HttpError> {
        if home.host() == url.host() || self.is_inside(home).await {
            return Ok(&self.shared.inner);
        }
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            _ => None,
        };
        let proxies = proxies(&self.shared.settings);
        let is_proxy = url.host_str().is_some_and(|host| proxies.contains(host));
        if is_proxy || literal.is_some_and(|address| !is_public(address)) {
            return Err(HttpError::Private { url: redact(url) });
        }
        if let Some(made) = self.shared.guarded.get() {
            return Ok(made);
        }
        let made = build(&self.shared.settings, |builder| {
            builder.dns_resolver(PublicOnly { proxies })
        })?;
        Ok(self.shared.guarded.get_or_init(|| made))
    }

    /// Whether a host is in a private network, by its address or what its name stands for. Looked up once a run.
    async fn is_inside(&self, home: &Url) -> bool {
        let name = match home.host() {
            None => return false,
            Some(Host::Ipv4(address)) => return !is_public(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => return !is_public(IpAddr::V6(address)),
            Some(Host::Domain(name)) => name,
        };
        {
            let known = self.shared.inside.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = known.get(name) {
                return *known;
            }
        }
        // A name that cannot be looked up is taken for public: the stricter side.
        let inside = match tokio::net::lookup_host((name, 0)).await {
            Ok(mut found) => found.any(|found| !is_public(found.ip())),
            Err(_) => false,
        };
        let mut known = self.shared.inside.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(name.to_owned(), inside);
        inside
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses_are_told_from_others() {
        for public in [
            "8.8.8.8",
            "100.63.0.1",
            "172.32.0.1",
            "192.1.0.1",
            "198.17.0.1",
            "223.255.255.255",
            "2606:50c0::1",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for other in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::8.8.8.8",
            "2002:7f00:1::1",
            "2001:0:1::1",
            "2001:db8::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(other.parse().unwrap()), "{other}");
        }
    }

    #[tokio::test]
    async fn names_of_this_machine_are_not_resolved() {
        let resolve =
            async |proxies: HashSet<String>| PublicOnly { proxies }.resolve("localhost".parse().unwrap()).await;
        let Err(error) = resolve(HashSet::new()).await else {
            panic!("resolved")
        };
        assert!(error.is::<NoPublicAddress>());
        assert!(resolve(HashSet::from(["localhost".to_owned()])).await.is_ok());
    }
}
