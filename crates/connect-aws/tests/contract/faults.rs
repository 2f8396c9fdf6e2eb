//! The simulator's faults, which are equal in-process and through the SDK. The SDK never retries.

use connect_api::{Caller, Class, Connect, ConnectExt, DescribeInstance, Error, OperationName};
use connect_sim::{Config, Effect, Fault, Scope, Sim, Throttling};

use crate::simulated::{served, sim};

/// Returns the error of CreateUser, in-process and over HTTP, and whether a user was created.
async fn creates(prepare: impl Fn(&Sim)) -> [(Error, bool); 2] {
    let (near, far) = (sim(), sim());
    let (_server, over_http) = served(&far, "us-west-2").await;
    let mut outcomes = Vec::new();
    for (sim, connect) in [(&near, &near.client() as &dyn Connect), (&far, &over_http)] {
        prepare(sim);
        let instance = &sim.instances()[0].id;
        let error = connect.call(&Caller::default(), sim.new_user(instance, "jdoe")).await.unwrap_err();
        let created = sim.user(instance, "jdoe").is_some();
        assert_eq!(sim.calls().of(OperationName::CreateUser), 1, "{error}");
        outcomes.push((error, created));
    }
    outcomes.try_into().unwrap()
}

#[tokio::test]
async fn every_fault_has_its_class_and_is_attempted_once() {
    let error = |status, code: Option<&str>| Effect::Error { status, code: code.map(Into::into), message: "m".into() };
    for (effect, class, status, code, created) in [
        (Effect::internal_error(), Class::Transient, Some(500), Some("InternalServiceException"), false),
        (Effect::internal_error_after(), Class::Transient, Some(500), Some("InternalServiceException"), true),
        (Effect::LostReply, Class::Transient, None, None, true),
        (Effect::LostRequest, Class::Transient, None, None, false),
        (Effect::Bare429, Class::Throttled, Some(429), None, false),
        (Effect::AccessDenied, Class::Denied, Some(403), Some("AccessDeniedException"), false),
        (error(503, None), Class::Transient, Some(503), None, false),
        (error(429, Some("TooManyRequestsException")), Class::Throttled, Some(429), Some("TooManyRequestsException"), false),
        (error(403, Some("ExpiredTokenException")), Class::Denied, Some(403), Some("ExpiredTokenException"), false),
    ] {
        for (error, was_created) in creates(|sim| sim.inject(Fault::on(OperationName::CreateUser, effect.clone()))).await {
            assert_eq!((error.class, error.status, error.code.as_deref()), (class, status, code), "{effect:?}: {error}");
            assert_eq!(was_created, created, "{effect:?}");
            assert!(!created || !error.is_refusal(), "a refusal means that nothing happened: {effect:?}");
        }
    }
}

#[tokio::test]
async fn the_user_quota_is_not_a_throttle() {
    for (error, created) in creates(|sim| assert!(sim.set_users_quota(&sim.instances()[0].id, 0))).await {
        assert_eq!((error.class, error.status, error.code.as_deref()), (Class::Quota, Some(429), Some("LimitExceededException")));
        assert!(!created && error.is_refusal());
    }
}

#[tokio::test]
async fn a_throttle_has_either_code() {
    for (share, code) in [(0.0, "ThrottlingException"), (1.0, "TooManyRequestsException")] {
        let throttling = Throttling { too_many_requests_share: share, ..Throttling::default() };
        let sim = Sim::new(Config { throttling, ..Config::manual() }).unwrap();
        let (_server, over_http) = served(&sim, "us-west-2").await;
        let request = DescribeInstance { instance: sim.instances()[0].id.clone() };
        for _ in 0..5 {
            over_http.call(&Caller::default(), request.clone()).await.unwrap();
        }
        for connect in [&over_http as &dyn Connect, &sim.client()] {
            let error = connect.call(&Caller::default(), request.clone()).await.unwrap_err();
            assert_eq!((error.class, error.status, error.code.as_deref()), (Class::Throttled, Some(429), Some(code)));
        }
        assert_eq!(sim.calls().of(OperationName::DescribeInstance), 7);
    }
}

#[tokio::test]
async fn a_client_of_another_region_does_not_see_the_instance() {
    let sim = sim();
    let (_server, elsewhere) = served(&sim, "eu-central-1").await;
    let request = DescribeInstance { instance: sim.instances()[0].id.clone() };
    for connect in [&elsewhere as &dyn Connect, &sim.client_in(Scope::region("eu-central-1"))] {
        let error = connect.call(&Caller::default(), request.clone()).await.unwrap_err();
        assert_eq!((error.class, error.code.as_deref()), (Class::NotFound, Some("ResourceNotFoundException")));
    }
}
