from splitwave.basestation.adaptation.adaptation_policy import load_adaptation_policy
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.link_setting import LinkSetting


def test_every_link_sends_as_the_one_row_says_whatever_is_measured() -> None:
    policy = load_adaptation_policy(RunConfig.model_validate({"adaptation": {"rows": [{"bits": 2}]}}))
    assert {policy.setting(link, psnr_db) for link in range(3) for psnr_db in (-30.0, 30.0)} == {LinkSetting(bits=2)}


def test_without_a_row_every_link_sends_as_the_settings_say() -> None:
    assert load_adaptation_policy(RunConfig()).setting(0, 3.0) == LinkSetting()
