"""Creates, reads, updates and deletes a user, once with boto3 and once with the aws CLI, against the simulator at $SIMULATOR."""

import datetime
import json
import os
import subprocess
import sys
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

URL = os.environ["SIMULATOR"]
INSTANCE = "11111111-2222-4333-8444-555555555555"
ARN = f"arn:aws:connect:us-west-2:123456789012:instance/{INSTANCE}"
BASIC, SALES = (f"aaaaaaaa-0000-4000-8000-00000000000{n}" for n in (1, 2))
ADMIN, AGENT = (f"bbbbbbbb-0000-4000-8000-00000000000{n}" for n in (1, 2))
BERLIN = "cccccccc-0000-4000-8000-000000000001"


def same(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


def advance(seconds):
    """Time for buckets to fill and for the search index to catch up."""
    body = json.dumps({"seconds": seconds}).encode()
    request = urllib.request.Request(f"{URL}/_sim/advance", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request).close()


def with_boto3():
    connect = boto3.client("connect", endpoint_url=URL, config=Config(retries={"max_attempts": 1}))
    refused = connect.exceptions

    same(connect.describe_instance(InstanceId=INSTANCE)["Instance"]["IdentityManagementType"], "CONNECT_MANAGED")
    same([i["Id"] for i in connect.list_instances()["InstanceSummaryList"]], [INSTANCE])
    pages = connect.get_paginator("list_routing_profiles").paginate(InstanceId=INSTANCE, PaginationConfig={"PageSize": 1})
    names = {p["Name"] for page in pages for p in page["RoutingProfileSummaryList"]}
    same(names, {"Basic Routing Profile", "Sales"})

    new = {
        "InstanceId": INSTANCE,
        "Username": "jane.doe",
        "Password": "Passw0rd",
        "IdentityInfo": {"FirstName": "Jane", "LastName": "Doe", "Email": "jane@example.com", "Mobile": "+12065550100"},
        "PhoneConfig": {"PhoneType": "SOFT_PHONE", "AutoAccept": True, "AfterContactWorkTimeLimit": 30},
        "RoutingProfileId": BASIC,
        "SecurityProfileIds": [AGENT],
        "Tags": {"team": "blue"},
    }
    user = connect.create_user(**new)["UserId"]
    about = {"InstanceId": INSTANCE, "UserId": user}
    arn = f"{ARN}/agent/{user}"
    try:
        connect.create_user(**new)
        raise AssertionError("a name was given twice")
    except refused.DuplicateResourceException as e:
        same(e.response["ResponseMetadata"]["HTTPStatusCode"], 409)
        assert "jane.doe" in e.response["Error"]["Message"], e

    shown = connect.describe_user(InstanceId=ARN, UserId=arn)["User"]
    same(shown["Id"], user)
    same(shown["PhoneConfig"]["AfterContactWorkTimeLimit"], 30)
    assert isinstance(shown["LastModifiedTime"], datetime.datetime), shown

    connect.update_user_identity_info(IdentityInfo={"FirstName": "Janet", "LastName": "Doe"}, **about)
    connect.update_user_phone_config(
        PhoneConfig={"PhoneType": "DESK_PHONE", "DeskPhoneNumber": "+12065550111", "PersistentConnection": True}, **about
    )
    connect.update_user_config(
        AfterContactWorkConfigs=[{"Channel": "VOICE", "AfterContactWorkConfig": {"AfterContactWorkTimeLimit": 45}}],
        VoiceEnhancementConfigs=[{"Channel": "VOICE", "VoiceEnhancementMode": "VOICE_ISOLATION"}],
        **about,
    )
    connect.update_user_routing_profile(RoutingProfileId=SALES, **about)
    connect.update_user_security_profiles(SecurityProfileIds=[ADMIN, AGENT], **about)
    connect.update_user_hierarchy(HierarchyGroupId=BERLIN, **about)
    connect.tag_resource(resourceArn=arn, tags={"a b": "1", "c:d/e": "2"})
    connect.untag_resource(resourceArn=arn, tagKeys=["team", "a b"])
    same(connect.list_tags_for_resource(resourceArn=arn)["tags"], {"c:d/e": "2"})

    german = {"AttributeName": "connect:Language", "AttributeValue": "german"}
    connect.associate_user_proficiencies(UserProficiencies=[german | {"Level": 3.0}], **about)
    connect.update_user_proficiencies(UserProficiencies=[german | {"Level": 4.0}], **about)
    same(connect.list_user_proficiencies(**about)["UserProficiencyList"], [german | {"Level": 4.0}])

    shown = connect.describe_user(**about)["User"]
    same(shown["IdentityInfo"], {"FirstName": "Janet", "LastName": "Doe"})
    same(shown["PhoneConfig"]["PhoneType"], "DESK_PHONE")
    same(shown["PhoneConfig"]["AfterContactWorkTimeLimit"], 45)
    same(shown["VoiceEnhancementConfigs"], [{"Channel": "VOICE", "VoiceEnhancementMode": "VOICE_ISOLATION"}])
    same((shown["RoutingProfileId"], set(shown["SecurityProfileIds"])), (SALES, {ADMIN, AGENT}))
    same((shown["HierarchyGroupId"], shown["Tags"]), (BERLIN, {"c:d/e": "2"}))
    group = connect.describe_user_hierarchy_group(InstanceId=INSTANCE, HierarchyGroupId=BERLIN)["HierarchyGroup"]
    same(group["HierarchyPath"]["LevelOne"]["Name"], "EMEA")

    advance(10)
    found = connect.search_users(
        InstanceId=INSTANCE,
        SearchCriteria={"StringCondition": {"FieldName": "Username", "Value": "jane.doe", "ComparisonType": "EXACT"}},
        SearchFilter={"TagFilter": {"TagCondition": {"TagKey": "c:d/e", "TagValue": "2"}}},
    )
    same((found["ApproximateTotalCount"], found["Users"][0]["Id"]), (1, user))
    same(found["Users"][0]["PhoneConfig"]["AfterContactWorkTimeLimit"], 45_000)
    same([u["Username"] for u in connect.list_users(InstanceId=INSTANCE)["UserSummaryList"]], ["jane.doe"])

    connect.disassociate_user_proficiencies(UserProficiencies=[german], **about)
    same(connect.list_user_proficiencies(**about)["UserProficiencyList"], [])
    connect.update_user_hierarchy(**about)
    assert "HierarchyGroupId" not in connect.describe_user(**about)["User"]

    connect.create_predefined_attribute(InstanceId=INSTANCE, Name="a/b", Values={"StringList": ["x"]})
    shown = connect.describe_predefined_attribute(InstanceId=INSTANCE, Name="a/b")["PredefinedAttribute"]
    same(shown["Values"]["StringList"], ["x"])
    profile = connect.create_security_profile(InstanceId=INSTANCE, SecurityProfileName="Robots")["SecurityProfileId"]
    connect.delete_security_profile(InstanceId=INSTANCE, SecurityProfileId=profile)

    connect.delete_user(**about)
    for gone in (connect.describe_user, connect.delete_user):
        try:
            gone(**about)
            raise AssertionError("a deleted user was found")
        except refused.ResourceNotFoundException:
            pass
    try:
        for _ in range(200):
            connect.describe_instance(InstanceId=INSTANCE)
        raise AssertionError("no call of many was throttled")
    except refused.ThrottlingException as e:
        same(e.response["Error"]["Message"], "Rate exceeded")


def refused_with(code, call, **parameters):
    try:
        call(**parameters)
    except ClientError as e:
        same(e.response["Error"]["Code"], code)
        return
    raise AssertionError(f"{call.__name__}({parameters}) was not refused with {code}")


def with_boto3_for_administrators():
    """The operations of tools that look after users: profiles, groups, attributes, permissions, proficiencies."""
    connect = boto3.client("connect", endpoint_url=URL, config=Config(retries={"max_attempts": 1}))
    careless = boto3.client("connect", endpoint_url=URL, config=Config(parameter_validation=False, retries={"max_attempts": 1}))
    instance = {"InstanceId": INSTANCE}

    refused_with("InvalidRequestException", careless.list_instances, MaxResults=0)
    refused_with("InvalidRequestException", careless.list_instances, MaxResults=11)

    profile = connect.describe_security_profile(SecurityProfileId=ADMIN, **instance)["SecurityProfile"]
    same((profile["SecurityProfileName"], profile["Arn"]), ("Admin", f"{ARN}/security-profile/{ADMIN}"))
    same(connect.describe_routing_profile(RoutingProfileId=SALES, **instance)["RoutingProfile"]["Name"], "Sales")
    pages = connect.get_paginator("list_security_profile_permissions").paginate(
        SecurityProfileId=ADMIN, PaginationConfig={"PageSize": 20}, **instance
    )
    permissions = [permission for page in pages for permission in page["Permissions"]]
    assert {"Users.Create", "SecurityProfiles.Edit"} < set(permissions) and len(permissions) == len(set(permissions)), permissions

    new = {"SecurityProfileName": "Night shift", "Description": "At night", "Permissions": ["BasicAgentAccess"]}
    night = connect.create_security_profile(Tags={"team": "blue"}, **new, **instance)["SecurityProfileId"]
    connect.update_security_profile(SecurityProfileId=night, Permissions=["BasicAgentAccess", "Users.View"], **instance)
    shown = connect.list_security_profile_permissions(SecurityProfileId=night, **instance)
    same(set(shown["Permissions"]), {"BasicAgentAccess", "Users.View"})

    def by(field, value):
        return {"StringCondition": {"FieldName": field, "Value": value, "ComparisonType": "EXACT"}}

    advance(10)
    blue = {"TagFilter": {"TagCondition": {"TagKey": "team", "TagValue": "blue"}}}
    found = connect.search_security_profiles(SearchFilter=blue, **instance)
    same([(p["Id"], p["Description"]) for p in found["SecurityProfiles"]], [(night, "At night")])
    found = connect.search_routing_profiles(SearchCriteria=by("name", "Sales"), **instance)
    same((found["ApproximateTotalCount"], found["RoutingProfiles"][0]["RoutingProfileId"]), (1, SALES))
    found = connect.search_user_hierarchy_groups(SearchCriteria=by("resourceID", BERLIN), **instance)
    path = found["UserHierarchyGroups"][0]["HierarchyPath"]
    same([path[level]["Name"] for level in ("LevelOne", "LevelTwo")], ["EMEA", "Berlin"])
    found = connect.search_predefined_attributes(SearchCriteria=by("name", "Product"), **instance)
    same(found["PredefinedAttributes"][0]["Values"]["StringList"], ["billing", "shipping"])
    for operation, member in [
        ("search_security_profiles", "SecurityProfiles"),
        ("search_routing_profiles", "RoutingProfiles"),
        ("search_user_hierarchy_groups", "UserHierarchyGroups"),
        ("search_predefined_attributes", "PredefinedAttributes"),
    ]:
        pages = list(connect.get_paginator(operation).paginate(PaginationConfig={"PageSize": 2}, **instance))
        items = [item for page in pages for item in page[member]]
        same(len(items), pages[0]["ApproximateTotalCount"])

    advance(10)
    user = {
        "Username": "li.wei", "Password": "Passw0rd", "IdentityInfo": {"FirstName": "Wei", "LastName": "Li"},
        "RoutingProfileId": BASIC, **instance,
    }  # fmt: skip
    refused_with("InvalidParameterException", careless.create_user, SecurityProfileIds=[AGENT] * 11, **user)
    about = {"UserId": connect.create_user(SecurityProfileIds=[AGENT], **user)["UserId"], **instance}
    refused_with("InvalidParameterException", careless.update_user_security_profiles, SecurityProfileIds=[AGENT] * 11, **about)
    spoken = {"AttributeName": "connect:Language", "AttributeValue": "french", "Level": 4}
    connect.associate_user_proficiencies(UserProficiencies=[spoken], **about)
    connect.update_user_hierarchy(HierarchyGroupId=BERLIN, **about)
    advance(10)

    def speaks(language, at_least):
        level = {"FieldName": "limit", "MinValue": at_least, "ComparisonType": "GREATER_OR_EQUAL"}
        conditions = [by("name", "connect:Language"), by("value", language), {"NumberCondition": level}]
        criteria = {"ListCondition": {"TargetListType": "PROFICIENCIES", "Conditions": conditions}}
        return [u["Username"] for u in connect.search_users(SearchCriteria=criteria, **instance)["Users"]]

    same((speaks("french", 4), speaks("french", 5), speaks("german", 1)), (["li.wei"], [], []))
    emea = {"HierarchyGroupCondition": {"Value": path["LevelOne"]["Id"], "HierarchyGroupMatchType": "WITH_CHILD_GROUPS"}}
    same(len(connect.search_users(SearchFilter={"UserAttributeFilter": emea}, **instance)["Users"]), 1)
    connect.delete_user(**about)
    connect.delete_security_profile(SecurityProfileId=night, **instance)


def cli(*arguments, fails_with=None):
    command = [sys.executable, "-m", "awscli", "--endpoint-url", URL, "--output", "json", "connect", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"AWS_MAX_ATTEMPTS": "1"})
    if fails_with:
        assert done.returncode != 0 and f"({fails_with})" in done.stderr, done
        return None
    assert done.returncode == 0, done
    return json.loads(done.stdout) if done.stdout.strip() else None


def with_the_cli():
    instance = ("--instance-id", INSTANCE)
    user = cli(
        "create-user", *instance, "--username", "joe", "--password", "Passw0rd",
        "--identity-info", "FirstName=Joe,LastName=Doe", "--phone-config", "PhoneType=SOFT_PHONE",
        "--routing-profile-id", BASIC, "--security-profile-ids", AGENT, "--tags", "team=red",
    )  # fmt: skip
    about = (*instance, "--user-id", user["UserId"])
    cli("update-user-identity-info", *about, "--identity-info", "FirstName=Joseph,LastName=Doe")
    cli("update-user-config", *about, "--auto-accept-configs", "Channel=CHAT,AutoAccept=true")
    cli("tag-resource", "--resource-arn", user["UserArn"], "--tags", "stage=dev")
    proficiency = "AttributeName=Product,AttributeValue=billing"
    cli("associate-user-proficiencies", *about, "--user-proficiencies", f"{proficiency},Level=2")
    shown = cli("describe-user", *about)["User"]
    same(shown["IdentityInfo"], {"FirstName": "Joseph", "LastName": "Doe"})
    same(shown["Tags"], {"stage": "dev", "team": "red"})
    same([c for c in shown["AutoAcceptConfigs"] if c["AutoAccept"]], [{"Channel": "CHAT", "AutoAccept": True}])
    same(cli("list-user-proficiencies", *about)["UserProficiencyList"][0]["Level"], 2.0)
    advance(10)
    same([u["Username"] for u in cli("search-users", *instance)["Users"]], ["joe"])
    same([u["Username"] for u in cli("list-users", *instance)["UserSummaryList"]], ["joe"])
    cli("disassociate-user-proficiencies", *about, "--user-proficiencies", proficiency)
    cli("untag-resource", "--resource-arn", user["UserArn"], "--tag-keys", "stage")
    cli("delete-user", *about)
    cli("describe-user", *about, fails_with="ResourceNotFoundException")
    cli("describe-instance", "--instance-id", INSTANCE, "--region", "eu-central-1", fails_with="ResourceNotFoundException")


with_boto3()
advance(10)
with_boto3_for_administrators()
advance(10)
with_the_cli()
