import math

import pytest

from splitwave.basestation.adaptation.adaptation_policy import load_adaptation_policy
from splitwave.basestation.adaptation.policies.table import Table
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.link_setting import LinkSetting

ROWS = [{"sends": False}, {"from_db": 2.0, "bits": 1}, {"from_db": 9.5}]
CONFIG = RunConfig.model_validate(
    {"channel": {"receiver": {"csi": "perfect"}}, "adaptation": {"policy": "table", "rows": ROWS}}
)


@pytest.mark.parametrize(
    ("psnr_db", "expected"),
    [
        (-math.inf, LinkSetting(sends=False)),
        (1.99, LinkSetting(sends=False)),
        (2.0, LinkSetting(bits=1)),
        (9.49, LinkSetting(bits=1)),
        (9.5, LinkSetting()),
        (80.0, LinkSetting()),
    ],
)
def test_a_link_follows_the_last_row_whose_lower_end_its_psnr_reaches(psnr_db: float, expected: LinkSetting) -> None:
    policy = load_adaptation_policy(CONFIG)
    assert isinstance(policy, Table)
    assert {policy.setting(link, psnr_db) for link in range(3)} == {expected}
