//! The quota of users of an instance, in the JSON 1.1 protocol of Service Quotas.

use serde_json::json;

use crate::support::*;

const INSTANCE: &str = "arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001";

async fn ask(served: &ServedSim, operation: &str, quota: &str, context: Option<&str>) -> (u16, serde_json::Value) {
    let headers = format!(
        "{}Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: ServiceQuotasV20190624.{operation}\r\n",
        SIGNED.replace("/connect/", "/servicequotas/")
    );
    let body = json!({ "ServiceCode": "connect", "QuotaCode": quota, "ContextId": context });
    let reply = raw(&served.url(), "POST", "/", &headers, &body.to_string()).await.unwrap();
    (reply.status, reply.json())
}

#[tokio::test]
async fn quota_of_users_belongs_to_an_instance() {
    let served = ServedSim::new(sim()).await;
    served.sim.set_users_quota(&instance(), 750);
    let (status, reply) = ask(&served, "GetServiceQuota", "L-9A46857E", Some(INSTANCE)).await;
    assert_eq!((status, &reply["Quota"]["Value"]), (200, &json!(750.0)));
    assert_eq!(reply["Quota"]["QuotaContext"]["ContextId"], INSTANCE);

    let elsewhere = INSTANCE.replace("us-west-2", "eu-west-1");
    for (quota, context) in [("L-12345678", Some(INSTANCE)), ("L-9A46857E", None), ("L-9A46857E", Some(&*elsewhere))] {
        let (status, reply) = ask(&served, "GetServiceQuota", quota, context).await;
        assert_eq!((status, &reply["__type"]), (400, &json!("NoSuchResourceException")), "{quota} {context:?}");
    }
    let (status, reply) = ask(&served, "ListServiceQuotas", "L-9A46857E", None).await;
    assert_eq!((status, &reply["__type"]), (400, &json!("UnknownOperationException")));
}

#[tokio::test]
async fn quota_can_be_denied_and_is_counted() {
    let served = ServedSim::new(sim()).await;
    served.sim.deny(["GetServiceQuota"]);
    let (status, reply) = ask(&served, "GetServiceQuota", "L-9A46857E", Some(INSTANCE)).await;
    assert_eq!((status, &reply["__type"]), (400, &json!("AccessDeniedException")));
    let calls = served.sim.calls();
    assert_eq!(calls.operations["GetServiceQuota"].errors["AccessDeniedException"], 1);
    assert_eq!((calls.total(), calls.writes()), (1, 0));
}
