//! `CUSTOM_ENDPOINTS`: which servers people may add by themselves.

use ipnet::IpNet;
use std::net::IpAddr;
use std::str::FromStr;

/// Where requests of the provider `custom` may go. Only the operator says so, and never the database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CustomEndpoints {
    /// Nowhere.
    #[default]
    Off,
    /// To public addresses, over TLS.
    Public,
    /// To these names and networks, and nowhere else.
    List {
        /// Names of hosts, in lower case.
        names: Vec<String>,
        /// Networks, which may be private.
        networks: Vec<IpNet>,
    },
}

impl FromStr for CustomEndpoints {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let list = match text {
            "off" => return Ok(Self::Off),
            "public" => return Ok(Self::Public),
            _ => text.strip_prefix("list:"),
        };
        let expected = "off, public, or list: with names of hosts and networks, like list:llm.example.org,10.0.0.0/8";
        let (mut names, mut networks) = (Vec::new(), Vec::new());
        for entry in list.ok_or(expected)?.split(',').map(str::trim) {
            let network = entry.parse::<IpNet>();
            let address = || entry.parse::<IpAddr>().map(IpNet::from);
            let letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
            match network.or_else(|_| address()) {
                Ok(network) => networks.push(network),
                Err(_) if !entry.is_empty() && entry.chars().all(letter) => {
                    names.push(entry.to_ascii_lowercase());
                }
                Err(_) => return Err(expected.to_owned()),
            }
        }
        Ok(Self::List { names, networks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_names_and_networks() {
        let list: CustomEndpoints = "list:LLM.example.org, 10.0.0.0/8,::1".parse().unwrap();
        let CustomEndpoints::List { names, networks } = list else {
            panic!("{list:?}")
        };
        assert_eq!(names, ["llm.example.org"]);
        assert_eq!(networks.len(), 2);
        for wrong in ["", "on", "list:", "list:a/b", "list:http://a", "list:a,,b"] {
            assert!(wrong.parse::<CustomEndpoints>().is_err(), "{wrong}");
        }
    }
}
