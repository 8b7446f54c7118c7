//! GitHub release assets by version tag, and the attestations API.
