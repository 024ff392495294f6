namespace BeBiDa.EmbeddedApi.Tests;

/// <summary>One request of a scenario. <c>${x.uid}</c> and <c>${x.version}</c> stand for what an earlier step remembered as x.</summary>
public sealed record Step(
    string Method,
    string Path,
    string? Body = null,
    string? ContentType = null,
    string? Remember = null,
    string? Accept = null
)
{
    /// <summary>Only the code is compared.</summary>
    public bool Silent { get; init; }

    /// <summary>Field ownership is not compared.</summary>
    public bool WithoutManagers { get; init; }

    public override string ToString() => $"{Method} {Path} {Body}";
}

/// <summary>Sequences of requests that clients really make.</summary>
public static class Scenarios
{
    // Of a key that nobody has any more, for the user d-user (PEM, in base64).
    private const string SigningRequest =
        "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIS01ITUNBUUF3RVRFUE1BMEdBMVVFQXd3R1pDMTFjMlZ5TUZrd0V3WUhLb1pJemowQ0FRWUlLb1pJemowRApBUWNEUWdBRVFPNE5XWFF2T0tuTy9YRENyREVROWcwSmhDUmlRbEJBcjRGdGpJTUIreTBZL2RvZFM1V0NiNTRUCnQ2THV4TXk2RGxXS3NNUDFyUnRESXVHQlZRWUVFNkFBTUFvR0NDcUdTTTQ5QkFNQ0EwY0FNRVFDSUE2OWpCTlQKQUZrQ2JYTEpXbkNPM3pMVnl3NUxPaFZvV2tlelFrSkh4V3BqQWlBRmhGMmhrVjlnMFBVZ1Q0TFo2dG9nQjFNYwpVM2ZDK1U3dGtRTFdZWS9pZUE9PQotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K";

    private static readonly Dictionary<string, Step[]> All = new()
    {
        ["holds"] =
        [
            Post(
                "/api/v1/nodes?fieldManager=kubelet",
                """{"kind":"Node","apiVersion":"v1","metadata":{"name":"d-hold","labels":{"zone":"a"}},"status":{"conditions":[{"type":"Ready","status":"True"}]}}""",
                "n"
            ),
            Hold("d-hold", "bebida/c/1"),
            Hold("d-hold", "bebida/c/2"),
            Release("d-hold", "bebida/c/1"),
            Release("d-hold", "bebida/c/1"),
            Release("d-hold", "bebida/c/2"),
            Get("/api/v1/nodes/d-hold"),
        ],
        ["admin's cordon"] =
        [
            Post("/api/v1/nodes?fieldManager=kubelet", """{"metadata":{"name":"d-cordon"}}""", "n"),
            Patch("/api/v1/nodes/d-cordon?fieldManager=kubectl-cordon", ApiClient.StrategicPatch, """{"spec":{"unschedulable":true}}"""),
            Hold("d-cordon", "bebida/c/1"),
            Release("d-cordon", "bebida/c/1"),
            Hold("d-cordon", "bebida/c/2"),
            Patch("/api/v1/nodes/d-cordon?fieldManager=kubectl-cordon", ApiClient.StrategicPatch, """{"spec":{"unschedulable":null}}"""),
            Hold("d-cordon", "bebida/c/2"),
            Patch("/api/v1/nodes/d-cordon?fieldManager=kubectl-cordon", ApiClient.StrategicPatch, """{"spec":{"unschedulable":false}}"""),
            Release("d-cordon", "bebida/c/2"),
        ],
        ["uid in an apply"] =
        [
            Patch(
                "/api/v1/nodes/d-none?fieldManager=m&force=true",
                ApiClient.ApplyPatch,
                """{"apiVersion":"v1","kind":"Node","metadata":{"name":"d-none","uid":"2b9e6a4e-0f6f-4f6e-9a49-000000000001"}}"""
            ),
            Patch(
                "/api/v1/nodes/d-made?fieldManager=m&force=true",
                ApiClient.ApplyPatch,
                """{"apiVersion":"v1","kind":"Node","metadata":{"name":"d-made","labels":{"a":"b"}}}"""
            ),
            Patch(
                "/api/v1/nodes/d-made?fieldManager=m&force=true",
                ApiClient.ApplyPatch,
                """{"apiVersion":"v1","kind":"Node","metadata":{"name":"d-made","uid":"2b9e6a4e-0f6f-4f6e-9a49-000000000001"}}"""
            ),
            Patch(
                "/api/v1/nodes/d-made?fieldManager=m",
                ApiClient.ApplyPatch,
                """{"apiVersion":"v1","kind":"Node","metadata":{"name":"d-made","resourceVersion":"1"}}"""
            ),
            Patch(
                "/api/v1/nodes/d-made?fieldManager=m",
                ApiClient.ApplyPatch,
                """{"apiVersion":"v1","kind":"Node","metadata":{"name":"d-made","managedFields":[{"manager":"x"}]}}"""
            ),
            Patch("/api/v1/nodes/d-made", ApiClient.ApplyPatch, """{"apiVersion":"v1","kind":"Node","metadata":{"name":"d-made"}}"""),
            Patch(
                "/api/v1/nodes/d-made?fieldManager=m",
                ApiClient.ApplyPatch,
                """{"apiVersion":"v1","kind":"Node","metadata":{"name":"other"}}"""
            ),
            Patch("/api/v1/nodes/d-made?fieldManager=m", ApiClient.ApplyPatch, """{"kind":"Node","metadata":{"name":"d-made"}}"""),
            Patch("/api/v1/nodes/d-made?force=true&fieldManager=m", ApiClient.MergePatch, """{"metadata":{"labels":{"c":"d"}}}"""),
            Patch(
                "/api/v1/nodes/d-made?fieldManager=0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
                ApiClient.MergePatch,
                """{"metadata":{"labels":{"c":"d"}}}"""
            ),
        ],
        ["conflicts"] =
        [
            Post(
                "/api/v1/nodes?fieldManager=maker",
                """{"metadata":{"name":"d-conflict","labels":{"x":"0"}},"spec":{"taints":[{"key":"a","effect":"NoSchedule"}]}}"""
            ),
            Apply("/api/v1/nodes/d-conflict", "one", """{"apiVersion":"v1","kind":"Node","metadata":{"labels":{"x":"1"}}}"""),
            Apply("/api/v1/nodes/d-conflict", "one", """{"apiVersion":"v1","kind":"Node","metadata":{"labels":{"x":"1","y":"1"}}}""", true),
            Apply("/api/v1/nodes/d-conflict", "two", """{"apiVersion":"v1","kind":"Node","metadata":{"labels":{"x":"2","y":"2"}}}"""),
            Apply("/api/v1/nodes/d-conflict", "two", """{"apiVersion":"v1","kind":"Node","metadata":{"labels":{"x":"1"}}}"""),
            Apply(
                "/api/v1/nodes/d-conflict",
                "three",
                """{"apiVersion":"v1","kind":"Node","metadata":{"labels":{"x":"3","y":"3"}},"spec":{"taints":[{"key":"b","effect":"NoSchedule"}]}}"""
            ),
            Apply(
                "/api/v1/nodes/d-conflict",
                "three",
                """{"apiVersion":"v1","kind":"Node","metadata":{"labels":{"x":"3"}},"spec":{"taints":[{"key":"b","effect":"NoSchedule"}]}}""",
                true
            ),
            Apply("/api/v1/nodes/d-conflict", "three", """{"apiVersion":"v1","kind":"Node"}"""),
            Apply("/api/v1/nodes/d-conflict", "two", """{"apiVersion":"v1","kind":"Node"}"""),
            Apply("/api/v1/nodes/d-conflict", "one", """{"apiVersion":"v1","kind":"Node"}"""),
        ],
        ["status of a node"] =
        [
            Post(
                "/api/v1/nodes?fieldManager=kubelet",
                """{"metadata":{"name":"d-status"},"status":{"conditions":[{"type":"Ready","status":"False","lastHeartbeatTime":"2026-01-01T00:00:00Z","lastTransitionTime":"2026-01-01T00:00:00Z"}],"addresses":[{"type":"InternalIP","address":"10.0.0.1"}]}}"""
            ),
            Patch(
                "/api/v1/nodes/d-status/status?fieldManager=kubelet",
                ApiClient.StrategicPatch,
                """{"status":{"conditions":[{"type":"Ready","status":"True"},{"type":"DiskPressure","status":"False","lastHeartbeatTime":"2026-01-01T00:00:00Z","lastTransitionTime":"2026-01-01T00:00:00Z"}],"$setElementOrder/conditions":[{"type":"Ready"},{"type":"DiskPressure"}]}}"""
            ),
            Apply(
                "/api/v1/nodes/d-status/status",
                "npd",
                """{"apiVersion":"v1","kind":"Node","status":{"conditions":[{"type":"Kernel","status":"False"}]}}"""
            ),
            Patch(
                "/api/v1/nodes/d-status?fieldManager=x",
                ApiClient.MergePatch,
                """{"status":{"phase":"Running"},"metadata":{"labels":{"q":"1"}}}"""
            ),
            Patch(
                "/api/v1/nodes/d-status/status?fieldManager=x",
                ApiClient.MergePatch,
                """{"spec":{"unschedulable":true},"metadata":{"annotations":{"q":"1"}}}"""
            ),
            Apply("/api/v1/nodes/d-status/status", "npd", """{"apiVersion":"v1","kind":"Node"}"""),
        ],
        ["a pod's life"] =
        [
            Post(
                "/api/v1/namespaces/default/pods?fieldManager=m",
                """{"metadata":{"name":"d-pod","labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"busybox:1","ports":[{"containerPort":80}],"env":[{"name":"A","value":"1"}]}],"tolerations":[{"operator":"Exists"}]}}""",
                "p"
            ),
            Post(
                "/api/v1/namespaces/default/pods?fieldManager=m",
                """{"metadata":{"name":"d-pod"},"spec":{"containers":[{"name":"c","image":"busybox:1"}]}}"""
            ),
            Get("/api/v1/namespaces/default/pods/d-pod"),
            Post(
                "/api/v1/namespaces/default/pods/d-pod/binding",
                """{"apiVersion":"v1","kind":"Binding","metadata":{"name":"d-pod"},"target":{"kind":"Node","name":"nowhere"}}"""
            ),
            Post(
                "/api/v1/namespaces/default/pods/d-pod/binding",
                """{"apiVersion":"v1","kind":"Binding","metadata":{"name":"d-pod"},"target":{"kind":"Node","name":"elsewhere"}}"""
            ),
            Get("/api/v1/namespaces/default/pods/d-pod"),
            Patch(
                "/api/v1/namespaces/default/pods/d-pod/status?fieldManager=kubelet",
                ApiClient.StrategicPatch,
                """{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True","lastProbeTime":"2026-01-01T00:00:00Z","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}"""
            ),
            new(
                "DELETE",
                "/api/v1/namespaces/default/pods/d-pod",
                """{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"2b9e6a4e-0f6f-4f6e-9a49-000000000001"}}""",
                ApiClient.Json
            ),
            new("DELETE", "/api/v1/namespaces/default/pods/d-pod"),
            new("DELETE", "/api/v1/namespaces/default/pods/d-pod", """{"gracePeriodSeconds":60}""", ApiClient.Json),
            new("DELETE", "/api/v1/namespaces/default/pods/d-pod", """{"gracePeriodSeconds":7}""", ApiClient.Json),
            Post(
                "/api/v1/namespaces/default/pods/d-pod/eviction",
                """{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"d-pod","namespace":"default"}}"""
            ),
            new("DELETE", "/api/v1/namespaces/default/pods/d-pod?gracePeriodSeconds=0"),
            new("DELETE", "/api/v1/namespaces/default/pods/d-pod"),
            Post(
                "/api/v1/namespaces/default/pods/d-pod/eviction",
                """{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"d-pod","namespace":"default"}}"""
            ),
            Get("/api/v1/namespaces/default/pods/d-pod"),
        ],
        ["refusals"] =
        [
            Get("/api/v1/nodes/none"),
            Get("/apis/apps/v1/namespaces/default/deployments/none"),
            Get("/api/v1/nonsense"),
            Get("/apis/none/v1/things"),
            Post("/api/v1/namespaces/nowhere/pods", """{"metadata":{"name":"x"},"spec":{"containers":[{"name":"c","image":"i"}]}}"""),
            Post("/api/v1/nodes", """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"}}""") with
            {
                Silent = true,
            },
            Post("/api/v1/nodes", """{"apiVersion":"v1","kind":"Node","metadata":{}}"""),
            Post("/api/v1/nodes", """{"apiVersion":"v1","kind":"Node","metadata":{"name":"d-dry","resourceVersion":"7"}}"""),
            Post("/api/v1/nodes?dryRun=All", """{"apiVersion":"v1","kind":"Node","metadata":{"name":"d-dry"}}"""),
            Get("/api/v1/nodes/d-dry"),
            Get("/api/v1/pods?labelSelector=a%20in%20(b") with
            {
                Silent = true,
            },
            Get("/api/v1/pods?fieldSelector=spec.color%3Dred"),
            Get("/api/v1/pods?continue=nonsense") with
            {
                Silent = true,
            },
            Patch("/api/v1/nodes/none?fieldManager=m", ApiClient.MergePatch, """{"metadata":{"labels":{"c":"d"}}}"""),
            Patch("/api/v1/nodes/none?fieldManager=m", "text/plain", "hello"),
        ],
        ["updates"] =
        [
            Post("/api/v1/namespaces/default/configmaps?fieldManager=a", """{"metadata":{"name":"d-map"},"data":{"a":"1","b":"2"}}""", "c"),
            new(
                "PUT",
                "/api/v1/namespaces/default/configmaps/d-map?fieldManager=b",
                """{"metadata":{"name":"d-map","resourceVersion":"${c.version}"},"data":{"a":"1","c":"3"}}""",
                ApiClient.Json
            ),
            new(
                "PUT",
                "/api/v1/namespaces/default/configmaps/d-map?fieldManager=b",
                """{"metadata":{"name":"d-map","resourceVersion":"${c.version}"},"data":{"a":"9"}}""",
                ApiClient.Json
            ),
            new(
                "PUT",
                "/api/v1/namespaces/default/configmaps/d-map?fieldManager=c",
                """{"metadata":{"name":"d-map"},"data":{"a":"9"}}""",
                ApiClient.Json
            ),
            new(
                "PUT",
                "/api/v1/namespaces/default/configmaps/d-map?fieldManager=c",
                """{"metadata":{"name":"d-map","uid":"2b9e6a4e-0f6f-4f6e-9a49-000000000001"},"data":{"a":"9"}}""",
                ApiClient.Json
            ),
            Patch(
                "/api/v1/namespaces/default/configmaps/d-map?fieldManager=c",
                ApiClient.JsonPatch,
                """[{"op":"test","path":"/data/a","value":"9"},{"op":"add","path":"/data/z","value":"26"},{"op":"remove","path":"/data/a"}]"""
            ),
            Patch(
                "/api/v1/namespaces/default/configmaps/d-map?fieldManager=c",
                ApiClient.JsonPatch,
                """[{"op":"test","path":"/data/z","value":"0"}]"""
            ) with
            {
                Silent = true,
            },
            Patch(
                "/api/v1/namespaces/default/configmaps/d-map?fieldManager=c",
                ApiClient.MergePatch,
                """{"metadata":{"resourceVersion":"1"},"data":{"y":"25"}}"""
            ),
            new("DELETE", "/api/v1/namespaces/default/configmaps/d-map"),
        ],
        ["a deployment"] =
        [
            Apply(
                "/apis/apps/v1/namespaces/default/deployments/d-web",
                "kubectl",
                """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d-web"},"spec":{"replicas":3,"selector":{"matchLabels":{"app":"w"}},"template":{"metadata":{"labels":{"app":"w"}},"spec":{"containers":[{"name":"c","image":"i","env":[{"name":"A","value":"1"}],"ports":[{"containerPort":80}]}]}}}}"""
            ),
            Apply(
                "/apis/apps/v1/namespaces/default/deployments/d-web",
                "sidecar",
                """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d-web"},"spec":{"template":{"spec":{"containers":[{"name":"s","image":"j"},{"name":"c","env":[{"name":"B","value":"2"}]}]}}}}"""
            ),
            Patch(
                "/apis/apps/v1/namespaces/default/deployments/d-web?fieldManager=kubectl-set",
                ApiClient.StrategicPatch,
                """{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"i:2"}]}}}}"""
            ),
            Get("/apis/apps/v1/namespaces/default/deployments/d-web/scale"),
            Patch(
                "/apis/apps/v1/namespaces/default/deployments/d-web/scale?fieldManager=scaler",
                ApiClient.MergePatch,
                """{"spec":{"replicas":5}}"""
            ),
            Apply(
                "/apis/apps/v1/namespaces/default/deployments/d-web",
                "kubectl",
                """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d-web"},"spec":{"replicas":3,"selector":{"matchLabels":{"app":"w"}},"template":{"metadata":{"labels":{"app":"w"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}"""
            ),
            Apply(
                "/apis/apps/v1/namespaces/default/deployments/d-web",
                "sidecar",
                """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d-web"}}"""
            ),
            new("DELETE", "/apis/apps/v1/namespaces/default/deployments/d-web"),
        ],
        ["a deployment by create"] =
        [
            Post(
                "/apis/apps/v1/namespaces/default/deployments?fieldManager=kubectl-create",
                """{"metadata":{"name":"d-made"},"spec":{"selector":{"matchLabels":{"app":"w"}},"template":{"metadata":{"labels":{"app":"w"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}"""
            ),
            Post(
                "/apis/apps/v1/namespaces/default/replicasets?fieldManager=kubectl-create",
                """{"metadata":{"name":"d-made"},"spec":{"selector":{"matchLabels":{"app":"w"}},"template":{"metadata":{"labels":{"app":"w"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}"""
            ),
            Post(
                "/apis/apps/v1/namespaces/default/daemonsets?fieldManager=kubectl-create",
                """{"metadata":{"name":"d-made"},"spec":{"selector":{"matchLabels":{"app":"w"}},"template":{"metadata":{"labels":{"app":"w"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}"""
            ),
            Post(
                "/apis/policy/v1/namespaces/default/poddisruptionbudgets?fieldManager=kubectl-create",
                """{"metadata":{"name":"d-made"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"dw"}}}}"""
            ),
            Post(
                "/apis/coordination.k8s.io/v1/namespaces/default/leases?fieldManager=kubelet",
                """{"metadata":{"name":"d-made"},"spec":{"holderIdentity":"x","leaseDurationSeconds":40,"renewTime":"2026-01-01T00:00:00.000000Z"}}"""
            ),
            Post(
                "/apis/apps/v1/namespaces/default/deployments",
                """{"metadata":{"name":"d-bad"},"spec":{"selector":{"matchLabels":{"app":"w"}},"template":{"metadata":{"labels":{"app":"x"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}"""
            ) with
            {
                Silent = true,
            },
            new("DELETE", "/apis/apps/v1/namespaces/default/deployments/d-made") { Silent = true },
            new("DELETE", "/apis/apps/v1/namespaces/default/replicasets/d-made") { Silent = true },
            new("DELETE", "/apis/apps/v1/namespaces/default/daemonsets/d-made") { Silent = true },
            new("DELETE", "/apis/policy/v1/namespaces/default/poddisruptionbudgets/d-made") { Silent = true },
        ],
        ["watches that cannot begin"] =
        [
            Get("/api/v1/pods?watch=true&resourceVersion=abc"),
            Get("/api/v1/pods?resourceVersion=abc") with
            {
                Silent = true,
            },
        ],
        ["evictions"] =
        [
            Post(
                "/api/v1/namespaces/default/pods?fieldManager=m",
                """{"metadata":{"name":"e-a","labels":{"app":"ev"}},"spec":{"nodeName":"nowhere","containers":[{"name":"c","image":"i"}]}}"""
            ) with
            {
                Silent = true,
            },
            Patch(
                "/api/v1/namespaces/default/pods/e-a/status?fieldManager=kubelet",
                ApiClient.MergePatch,
                """{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True","lastProbeTime":"2026-01-01T00:00:00Z","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}"""
            ) with
            {
                Silent = true,
            },
            Post(
                "/apis/policy/v1/namespaces/default/poddisruptionbudgets?fieldManager=m",
                """{"metadata":{"name":"e-b"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"ev"}}}}"""
            ) with
            {
                Silent = true,
            },
            Patch(
                "/apis/policy/v1/namespaces/default/poddisruptionbudgets/e-b/status?fieldManager=m",
                ApiClient.MergePatch,
                """{"status":{"observedGeneration":1,"currentHealthy":1,"desiredHealthy":1,"expectedPods":1,"disruptionsAllowed":0}}"""
            ) with
            {
                Silent = true,
            },
            Evict("e-a"),
            Evict("e-a", ""","deleteOptions":{"preconditions":{"uid":"2b9e6a4e-0f6f-4f6e-9a49-000000000001"}}"""),
            new("DELETE", "/apis/policy/v1/namespaces/default/poddisruptionbudgets/e-b") { Silent = true },
            Evict("e-a", ""","deleteOptions":{"preconditions":{"uid":"2b9e6a4e-0f6f-4f6e-9a49-000000000001"}}"""),
            Evict("e-a", ""","deleteOptions":{"gracePeriodSeconds":3}"""),
            Get("/api/v1/namespaces/default/pods/e-a"),
            Evict("e-a", ""","deleteOptions":{"gracePeriodSeconds":0}"""),
            Get("/api/v1/namespaces/default/pods/e-a"),
            Evict("e-a"),
            Post(
                "/api/v1/namespaces/default/pods/e-a/eviction",
                """{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"other","namespace":"default"}}"""
            ),
        ],
        ["other kinds"] =
        [
            Post("/api/v1/namespaces?fieldManager=m", """{"metadata":{"name":"o-space","labels":{"a":"b"}}}"""),
            Post("/api/v1/namespaces/default/secrets?fieldManager=m", """{"metadata":{"name":"o-secret"},"stringData":{"a":"b"}}"""),
            Post("/api/v1/namespaces/default/serviceaccounts?fieldManager=m", """{"metadata":{"name":"o-account"}}"""),
            Post("/apis/scheduling.k8s.io/v1/priorityclasses?fieldManager=m", """{"metadata":{"name":"o-priority"},"value":7}"""),
            Post(
                "/apis/rbac.authorization.k8s.io/v1/clusterroles?fieldManager=m",
                """{"metadata":{"name":"o:role"},"rules":[{"apiGroups":[""],"resources":["nodes"],"verbs":["get"]}]}"""
            ),
            Post(
                "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings?fieldManager=m",
                """{"metadata":{"name":"o:role"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"o:role"},"subjects":[{"kind":"User","name":"u"}]}"""
            ),
            Post(
                "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases?fieldManager=kubelet",
                """{"metadata":{"name":"o-lease"},"spec":{"holderIdentity":"n","leaseDurationSeconds":40}}""",
                "l"
            ),
            new(
                "PUT",
                "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/o-lease?fieldManager=kubelet",
                """{"metadata":{"name":"o-lease","resourceVersion":"${l.version}"},"spec":{"holderIdentity":"n","leaseDurationSeconds":41,"renewTime":"2026-01-01T00:00:00.000000Z"}}""",
                ApiClient.Json
            ),
            new("DELETE", "/apis/scheduling.k8s.io/v1/priorityclasses/o-priority"),
            new("DELETE", "/api/v1/namespaces/default/secrets/o-secret"),
        ],
        ["replica counts"] =
        [
            Post(
                "/apis/apps/v1/namespaces/default/replicasets?fieldManager=m",
                """{"metadata":{"name":"r-set"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"r"}},"template":{"metadata":{"labels":{"app":"r"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}""",
                "r"
            ),
            new(
                "PUT",
                "/apis/apps/v1/namespaces/default/replicasets/r-set/status?fieldManager=rs-controller",
                """{"apiVersion":"apps/v1","kind":"ReplicaSet","metadata":{"name":"r-set","resourceVersion":"${r.version}"},"spec":{"replicas":9,"selector":{"matchLabels":{"app":"r"}},"template":{"metadata":{"labels":{"app":"r"}},"spec":{"containers":[{"name":"c","image":"i"}]}}},"status":{"replicas":2,"readyReplicas":1,"observedGeneration":1}}""",
                ApiClient.Json
            ),
            new(
                "PUT",
                "/apis/apps/v1/namespaces/default/replicasets/r-set/scale?fieldManager=scaler",
                """{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"r-set","namespace":"default"},"spec":{"replicas":3}}""",
                ApiClient.Json
            ),
            Get("/apis/apps/v1/namespaces/default/replicasets/r-set"),
            new("DELETE", "/apis/apps/v1/namespaces/default/replicasets?labelSelector=none%3Dnone"),
            new("DELETE", "/apis/apps/v1/namespaces/default/replicasets/r-set"),
        ],
        ["events"] =
        [
            Post(
                "/api/v1/namespaces/default/events?fieldManager=m",
                """{"metadata":{"name":"d-event"},"involvedObject":{"kind":"Node","name":"n1","uid":"u"},"reason":"R","message":"M","type":"Normal","source":{"component":"c"},"count":1,"firstTimestamp":"2026-01-01T00:00:00Z","lastTimestamp":"2026-01-01T00:00:00Z"}"""
            ),
            Get("/apis/events.k8s.io/v1/namespaces/default/events/d-event"),
            Post(
                "/apis/events.k8s.io/v1/namespaces/default/events?fieldManager=m",
                """{"metadata":{"name":"d-new"},"regarding":{"kind":"Node","name":"n1"},"reason":"R","note":"M","type":"Normal","action":"Take","reportingController":"bebida.io/x","reportingInstance":"i","eventTime":"2026-01-01T00:00:00.000000Z"}"""
            ) with
            {
                WithoutManagers = true,
            },
            Get("/api/v1/namespaces/default/events/d-new") with
            {
                WithoutManagers = true,
            },
            Patch(
                "/apis/events.k8s.io/v1/namespaces/default/events/d-new?fieldManager=m",
                ApiClient.MergePatch,
                """{"series":{"count":2,"lastObservedTime":"2026-01-01T00:00:01.000000Z"}}"""
            ) with
            {
                WithoutManagers = true,
            },
        ],
        ["reviews"] =
        [
            Post(
                "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                """{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{"resourceAttributes":{"verb":"patch","resource":"nodes"}}}"""
            ) with
            {
                Silent = true,
            },
            Post("/apis/authentication.k8s.io/v1/selfsubjectreviews", """{}""") with
            {
                Silent = true,
            },
        ],
        ["credentials"] =
        [
            Post("/api/v1/namespaces/default/serviceaccounts?fieldManager=m", """{"metadata":{"name":"d-robot"}}""") with
            {
                Silent = true,
            },
            Post(
                "/api/v1/namespaces/default/serviceaccounts/d-robot/token",
                """{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":3600}}"""
            ) with
            {
                Silent = true,
            },
            Post(
                "/api/v1/namespaces/default/serviceaccounts/d-robot/token",
                """{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":60}}"""
            ),
            Post(
                "/api/v1/namespaces/default/serviceaccounts/d-nobody/token",
                """{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":3600}}"""
            ),
            Get("/apis/certificates.k8s.io/v1/certificatesigningrequests/d-csr"),
            // The answers tell who asked, by a certificate that is another one in every run.
            Post(
                "/apis/certificates.k8s.io/v1/certificatesigningrequests?fieldManager=m",
                $$$"""{"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"d-csr"},"spec":{"request":"{{{SigningRequest}}}","signerName":"kubernetes.io/kube-apiserver-client","usages":["client auth"],"expirationSeconds":3600}}"""
            ) with
            {
                Silent = true,
            },
            Post(
                "/apis/certificates.k8s.io/v1/certificatesigningrequests?fieldManager=m",
                $$$"""{"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"d-csr"},"spec":{"request":"{{{SigningRequest}}}","signerName":"kubernetes.io/kube-apiserver-client","usages":["client auth"]}}"""
            ),
            Post(
                "/apis/certificates.k8s.io/v1/certificatesigningrequests?fieldManager=m",
                """{"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"d-bad"},"spec":{"request":"bm9uZQ==","signerName":"kubernetes.io/kube-apiserver-client","usages":["client auth"]}}"""
            ) with
            {
                Silent = true,
            },
            Patch(
                "/apis/certificates.k8s.io/v1/certificatesigningrequests/d-csr/approval?fieldManager=m",
                ApiClient.MergePatch,
                """{"status":{"conditions":[{"type":"Approved","status":"True","reason":"Test","message":"for a test"}]}}"""
            ) with
            {
                Silent = true,
            },
            Patch(
                "/apis/certificates.k8s.io/v1/certificatesigningrequests/d-none/approval?fieldManager=m",
                ApiClient.MergePatch,
                """{"status":{"conditions":[{"type":"Approved","status":"True"}]}}"""
            ),
            new("DELETE", "/apis/certificates.k8s.io/v1/certificatesigningrequests/d-csr"),
        ],
        ["forms"] =
        [
            Post("/api/v1/namespaces/default/configmaps?fieldManager=a", """{"metadata":{"name":"d-form"},"data":{"a":"1","b":"2"}}"""),
            Get("/api/v1/namespaces/default/configmaps/d-form") with
            {
                Accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json",
            },
            Get("/api/v1/namespaces/default/configmaps?fieldSelector=metadata.name%3Dd-form") with
            {
                Accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
            },
            Get("/api/v1/namespaces/default/configmaps?fieldSelector=metadata.name%3Dd-form") with
            {
                Accept = "application/vnd.kubernetes.protobuf, application/json",
                Silent = true,
            },
            Get("/api/v1/namespaces/default/configmaps/d-form") with
            {
                Accept = "text/html",
            },
            Patch("/api/v1/namespaces/default/configmaps/d-form?fieldManager=a", ApiClient.MergePatch, """{"data":{"c":"3"}}""") with
            {
                Accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
            },
            new("DELETE", "/api/v1/namespaces/default/configmaps/d-form") { Silent = true },
        ],
        ["strategic merge"] =
        [
            Post(
                "/api/v1/namespaces/default/pods?fieldManager=m",
                """{"metadata":{"name":"d-smp","finalizers":["a.io/x","a.io/y"]},"spec":{"containers":[{"name":"c","image":"busybox:1"}]}}"""
            ),
            Patch(
                "/api/v1/namespaces/default/pods/d-smp?fieldManager=n",
                ApiClient.StrategicPatch,
                """{"spec":{"containers":[{"name":"c","image":"busybox:2"}],"tolerations":[{"key":"k","operator":"Exists","effect":"NoExecute","tolerationSeconds":5}]}}"""
            ),
            Patch(
                "/api/v1/namespaces/default/pods/d-smp?fieldManager=n",
                ApiClient.StrategicPatch,
                """{"metadata":{"$deleteFromPrimitiveList/finalizers":["a.io/x"],"finalizers":["a.io/z"]}}"""
            ),
            new("DELETE", "/api/v1/namespaces/default/pods/d-smp"),
            Patch("/api/v1/namespaces/default/pods/d-smp?fieldManager=n", ApiClient.StrategicPatch, """{"metadata":{"finalizers":null}}"""),
            Get("/api/v1/namespaces/default/pods/d-smp"),
        ],
    };

    public static IEnumerable<string> Names => All.Keys;

    public static IReadOnlyList<Step> ByName(string name) => All[name];

    private static Step Post(string path, string body, string? remember = null) => new("POST", path, body, ApiClient.Json, remember);

    private static Step Get(string path) => new("GET", path);

    private static Step Patch(string path, string contentType, string body) => new("PATCH", path, body, contentType);

    private static Step Apply(string path, string manager, string body, bool force = false) =>
        Patch($"{path}?fieldManager={manager}{(force ? "&force=true" : "")}", ApiClient.ApplyPatch, body);

    private static Step Evict(string pod, string options = "") =>
        Post(
            $"/api/v1/namespaces/default/pods/{pod}/eviction",
            $$$"""{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"{{{pod}}}","namespace":"default"}{{{options}}} }"""
        );

    private static Step Hold(string node, string manager) =>
        Apply(
            $"/api/v1/nodes/{node}",
            Uri.EscapeDataString(manager),
            $$$"""
            {"apiVersion":"v1","kind":"Node","metadata":{"name":"{{{node}}}","uid":"${n.uid}","annotations":{"hold.bebida.io/{{{manager[
                7..
            ].Replace('/', '.')}}}":"2026-01-01T00:00:00Z"},"labels":{"bebida.io/owner":"slurm"}},"spec":{"unschedulable":true}}
            """,
            true
        );

    private static Step Release(string node, string manager) =>
        Apply(
            $"/api/v1/nodes/{node}",
            Uri.EscapeDataString(manager),
            $$$"""
            {"apiVersion":"v1","kind":"Node","metadata":{"name":"{{{node}}}","uid":"${n.uid}"}}
            """,
            true
        );
}
