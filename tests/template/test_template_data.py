"""What is kept, how it is encrypted, who is let in, and what the functions are told."""

from __future__ import annotations

import pytest
from tests.template.reading import Tree, arn, of_type, ref

# Properties by which a template can fix a resource's name. The names of layers derive from the
# stack's, because SAM would otherwise take the logical id.
NAMES = {
    "AlarmName",
    "FunctionName",
    "GroupName",
    "LayerName",
    "LogGroupName",
    "ManagedPolicyName",
    "Name",
    "QueueName",
    "RoleName",
    "TableName",
    "TopicName",
}
FUNCTIONS = ("EvaluateFunction", "SweepFunction", "RemediateFunction", "OperateFunction")
KEPT = ("StateTable", "AlertsKey", "AuditLogGroup")


def test_no_resource_has_a_fixed_name(resources: Tree) -> None:
    named = {
        (logical_id, name): entry["Properties"][name]
        for logical_id, entry in resources.items()
        for name in NAMES & set(entry["Properties"])
    }
    assert named == {
        ("Dependencies", "LayerName"): {"Fn::Sub": "${AWS::StackName}-dependencies"},
        ("Toolgrant", "LayerName"): {"Fn::Sub": "${AWS::StackName}-toolgrant"},
    }


@pytest.mark.parametrize("logical_id", KEPT)
def test_what_cannot_be_made_again_is_kept(resources: Tree, logical_id: str) -> None:
    """A first deployment that fails leaves nothing behind: there is nothing in it yet."""
    assert resources[logical_id]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert resources[logical_id]["UpdateReplacePolicy"] == "Retain"


def test_the_table(resources: Tree) -> None:
    table = resources["StateTable"]["Properties"]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert [(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]] == [
        ("pk", "HASH"),
        ("sk", "RANGE"),
    ]
    assert {a["AttributeName"]: a["AttributeType"] for a in table["AttributeDefinitions"]} == {
        "pk": "S",
        "sk": "S",
    }
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_the_table_is_encrypted_by_the_key_that_dynamodb_uses_by_default(resources: Tree) -> None:
    assert "SSESpecification" not in resources["StateTable"]["Properties"]


def test_the_topic_is_encrypted_by_a_key_of_our_own(resources: Tree) -> None:
    assert resources["AlertsTopic"]["Properties"] == {"KmsMasterKeyId": arn("AlertsKey")}
    assert resources["AlertsKey"]["Properties"]["EnableKeyRotation"] is True


def test_the_key_lets_alarms_of_this_account_in(resources: Tree) -> None:
    owner, alarms = resources["AlertsKey"]["Properties"]["KeyPolicy"]["Statement"]
    assert owner["Principal"] == {
        "AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
    }
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert alarms["Condition"] == {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}}


def test_the_topic_lets_alarms_of_this_account_in_and_plain_http_out(resources: Tree) -> None:
    policy = resources["AlertsTopicPolicy"]["Properties"]
    allow, deny = policy["PolicyDocument"]["Statement"]
    assert policy["Topics"] == [ref("AlertsTopic")]
    assert allow["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allow["Action"] == "sns:Publish"
    account = {"aws:SourceAccount": ref("AWS::AccountId")}
    assert allow["Condition"]["StringEquals"] == account
    assert (deny["Effect"], deny["Principal"]) == ("Deny", "*")
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_e_mail_subscription_is_optional(template: Tree) -> None:
    subscription = template["Resources"]["AlertEmailSubscription"]
    condition = {"Fn::Not": [{"Fn::Equals": [ref("AlertEmail"), ""]}]}
    assert template["Conditions"][subscription["Condition"]] == condition
    assert subscription["Properties"]["Endpoint"] == ref("AlertEmail")


def test_logs_are_kept_as_long_as_the_parameters_say(resources: Tree) -> None:
    groups = {"AuditLogGroup": "AuditRetentionDays", "SweepLogGroup": "LogRetentionDays"}
    for group, parameter in groups.items():
        assert resources[group]["Properties"] == {"RetentionInDays": ref(parameter)}


@pytest.mark.parametrize(
    ("function", "role", "group", "timeout"),
    [
        ("EvaluateFunction", "EvaluateRole", "AuditLogGroup", 120),
        ("SweepFunction", "SweepRole", "SweepLogGroup", 300),
        ("RemediateFunction", "RemediateRole", "AuditLogGroup", 120),
        ("OperateFunction", "OperateRole", "AuditLogGroup", 60),
    ],
)
def test_a_function(translated: Tree, function: str, role: str, group: str, timeout: int) -> None:
    properties = translated["Resources"][function]["Properties"]
    assert properties["Runtime"] == "python3.13"
    assert properties["Architectures"] == ["arm64"]
    assert properties["Handler"] == "app.handler"
    assert properties["MemorySize"] == 512
    assert properties["Timeout"] == timeout
    assert properties["Role"] == arn(role)
    assert properties["LoggingConfig"] == {"LogGroup": ref(group)}
    assert len(properties["Layers"]) == 2


def test_there_are_no_other_functions(translated: Tree) -> None:
    assert set(of_type(translated, "AWS::Lambda::Function")) == set(FUNCTIONS)


def test_functions_are_not_built_and_layers_are_built_by_make(resources: Tree) -> None:
    for function in FUNCTIONS:
        assert resources[function]["Metadata"] == {"SkipBuild": True}
    for layer in ("Dependencies", "Toolgrant"):
        assert resources[layer]["Metadata"]["BuildMethod"] == "makefile"
        assert resources[layer]["Properties"]["CompatibleArchitectures"] == ["arm64"]
        assert resources[layer]["Properties"]["CompatibleRuntimes"] == ["python3.13"]


def test_what_the_functions_are_told(template: Tree) -> None:
    assert template["Globals"]["Function"]["Environment"]["Variables"] == {
        "TOOLGRANT_TABLE": ref("StateTable"),
        "TOOLGRANT_TOPIC_ARN": ref("AlertsTopic"),
        "TOOLGRANT_CHANGE_QUEUE_URL": ref("ChangeQueue"),
        "TOOLGRANT_DEAD_LETTER_QUEUE_URL": ref("ChangeDeadLetterQueue"),
        "TOOLGRANT_MODE": ref("Mode"),
        "TOOLGRANT_SETTLE_SECONDS": ref("SettleSeconds"),
        "TOOLGRANT_REQUESTS_PER_SECOND": ref("RequestsPerSecond"),
        "TOOLGRANT_LANGUAGE": ref("AlertLanguage"),
        "TOOLGRANT_SWEEP_INTERVAL_HOURS": ref("SweepIntervalHours"),
        "TOOLGRANT_CATALOG_OVERRIDES": named("catalog-overrides"),
        "TOOLGRANT_READ_FLOWS": ref("ReadFlows"),
        "TOOLGRANT_OPT_IN_TAG_VALUE": ref("OptInTagValue"),
        "TOOLGRANT_LEAST_CONFIDENCE": ref("LeastConfidence"),
        "TOOLGRANT_AUTOMATIC_RISK": ref("AutomaticRisk"),
        "TOOLGRANT_MOST_PEOPLE": ref("MostPeople"),
        "TOOLGRANT_MOST_OTHER_AGENTS": ref("MostOtherAgents"),
        "TOOLGRANT_CHANGES_PER_HOUR": ref("ChangesPerHour"),
        "TOOLGRANT_STALENESS_SECONDS": ref("StalenessSeconds"),
        "TOOLGRANT_ASSOCIATION_GAPS": ref("AssociationGaps"),
        "TOOLGRANT_DEDICATED_PROFILES": ref("DedicatedProfiles"),
        "TOOLGRANT_STACK": ref("AWS::StackName"),
        "TOOLGRANT_FIX_QUEUE_URL": in_writing_modes(ref("FixQueue")),
        "TOOLGRANT_EMERGENCY_STOP": in_writing_modes(named("emergency-stop")),
        # By its ARN, which names the account and the path, our own writes are told from others.
        "TOOLGRANT_WRITER_ROLE": in_writing_modes(arn("RemediateRole")),
        "POWERTOOLS_SERVICE_NAME": ref("AWS::StackName"),
        "POWERTOOLS_METRICS_NAMESPACE": "toolgrant",
        "POWERTOOLS_LOG_LEVEL": ref("LogLevel"),
    }


def in_writing_modes(value: Tree) -> Tree:
    return {"Fn::If": ["MayWrite", value, ""]}


def test_the_writer_names_itself_in_its_calls(resources: Tree) -> None:
    """For whoever reads the records; our own writes are told from others by the role's ARN."""
    own = resources["RemediateFunction"]["Properties"]["Environment"]["Variables"]
    assert own == {"AWS_SDK_UA_APP_ID": ref("RemediateRole")}
    for other in set(FUNCTIONS) - {"RemediateFunction"}:
        assert "Environment" not in resources[other]["Properties"]


def test_no_parameter_of_ssm_is_the_stack_s_own(template: Tree) -> None:
    """CloudFormation writes the template's value into one of its own at every update."""
    assert of_type(template, "AWS::SSM::Parameter") == {}


def test_what_operators_set_is_named_by_the_stack_and_nothing_more(template: Tree) -> None:
    outputs, told = template["Outputs"], template["Globals"]["Function"]["Environment"]["Variables"]
    overrides, stop = named("catalog-overrides"), named("emergency-stop")
    assert outputs["CatalogOverridesParameter"]["Value"] == overrides
    assert told["TOOLGRANT_CATALOG_OVERRIDES"] == overrides
    assert outputs["EmergencyStopParameter"]["Value"] == stop
    assert told["TOOLGRANT_EMERGENCY_STOP"] == in_writing_modes(stop)


def named(parameter: str) -> Tree:
    """Names that begin with aws or ssm are refused, and a stack may have such a name."""
    return {"Fn::Sub": f"/toolgrant/${{AWS::StackName}}/{parameter}"}


def test_outputs_are_described(template: Tree) -> None:
    assert all(output["Description"] for output in template["Outputs"].values())
    assert set(template["Outputs"]) == {
        "AlertsTopicArn",
        "AuditLogGroupName",
        "CatalogOverridesParameter",
        "ChangeDeadLetterQueueUrl",
        "ChangeQueueUrl",
        "ChangeRuleArn",
        "ChangeRuleName",
        "EmergencyStopParameter",
        "EvaluateFunctionName",
        "EventDeadLetterQueueUrl",
        "FixDeadLetterQueueUrl",
        "FixQueueUrl",
        "OperateFunctionName",
        "RemediateFunctionName",
        "SweepDeadLetterQueueUrl",
        "SweepFunctionName",
        "TableName",
    }
