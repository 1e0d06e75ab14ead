"""What should exist: contracts and the topics that they declare. Needs neither a broker, nor DuckDB, nor Dagster."""

from omni_assets.contracts.extractor import ContractTopicExtractor as ContractTopicExtractor
from omni_assets.contracts.manifest import Limits as Limits
from omni_assets.contracts.manifest import SpecPolicy as SpecPolicy
from omni_assets.contracts.model import Contract as Contract
from omni_assets.contracts.model import Declaration as Declaration
from omni_assets.contracts.model import Finding as Finding
from omni_assets.contracts.model import Location as Location
from omni_assets.contracts.model import Manifest as Manifest
from omni_assets.contracts.model import Role as Role
from omni_assets.contracts.model import Severity as Severity
from omni_assets.contracts.model import Topic as Topic
from omni_assets.contracts.model import TopicSettings as TopicSettings
from omni_assets.contracts.model import TopicSpec as TopicSpec
from omni_assets.contracts.naming import Grammar as Grammar
from omni_assets.contracts.naming import TopicName as TopicName
