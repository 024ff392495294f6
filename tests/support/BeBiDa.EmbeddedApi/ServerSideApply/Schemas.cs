using static BeBiDa.EmbeddedApi.ServerSideApply.Schema;

namespace BeBiDa.EmbeddedApi.ServerSideApply;

/// <summary>The marks of Kubernetes' own types, as its OpenAPI document states them.</summary>
internal static class Schemas
{
    public static readonly Schema Metadata = Of(
        ("finalizers", Set),
        ("ownerReferences", ListBy("uid", Schema.Atomic)),
        ("managedFields", Schema.Atomic)
    );

    public static readonly Schema Conditions = ListBy("type");

    private static readonly Schema EnvironmentVariable = Of(
        (
            "valueFrom",
            Of(
                ("fieldRef", Schema.Atomic),
                ("resourceFieldRef", Schema.Atomic),
                ("configMapKeyRef", Schema.Atomic),
                ("secretKeyRef", Schema.Atomic)
            )
        )
    );

    private static readonly Schema Container = Of(
        ("ports", ListBy(["containerPort", "protocol"])),
        ("env", ListBy("name", EnvironmentVariable)),
        ("volumeMounts", ListBy("mountPath")),
        ("volumeDevices", ListBy("devicePath")),
        ("resources", Of(("claims", new Schema { Keys = ["name"] })))
    );

    private static readonly Schema Volume = Of(
        ("configMap", Plain),
        ("csi", Of(("nodePublishSecretRef", Schema.Atomic))),
        ("downwardAPI", Plain)
    );

    public static readonly Schema PodSpec = Of(
        ("containers", ListBy("name", Container) with { IsAlwaysThere = true }),
        ("initContainers", ListBy("name", Container)),
        ("ephemeralContainers", ListBy("name", Container)),
        ("volumes", ListBy("name", Volume)),
        ("imagePullSecrets", ListBy("name", Schema.Atomic)),
        ("hostAliases", ListBy("ip")),
        ("nodeSelector", Schema.Atomic),
        ("affinity", Of(("nodeAffinity", Of(("requiredDuringSchedulingIgnoredDuringExecution", Schema.Atomic))))),
        ("topologySpreadConstraints", ListBy(["topologyKey", "whenUnsatisfiable"], Of(("labelSelector", Schema.Atomic)))),
        ("schedulingGates", ListBy("name")),
        ("resourceClaims", ListBy("name"))
    );

    private static readonly Schema Struct = new() { IsAlwaysThere = true };

    private static readonly Schema Template = Of(
        ("metadata", Metadata with { IsAlwaysThere = true }),
        ("spec", PodSpec with { IsAlwaysThere = true })
    ) with
    {
        IsAlwaysThere = true,
    };

    private static readonly Schema ConditionStatus = Of(("conditions", Conditions));

    public static readonly Schema Generic = Of(("metadata", Metadata), ("status", ConditionStatus));

    public static readonly Schema Pod = Generic.With(
        ("spec", PodSpec),
        ("status", Of(("conditions", Conditions), ("podIPs", ListBy("ip")), ("resourceClaimStatuses", ListBy("name"))))
    );

    public static readonly Schema Node = Generic.With(
        ("spec", Of(("podCIDRs", Set), ("configSource", Plain))),
        ("status", Of(("conditions", Conditions), ("addresses", ListBy("type"))))
    );

    public static readonly Schema Workload = Generic.With(
        ("spec", Of(("selector", Schema.Atomic), ("template", Template), ("strategy", Struct), ("updateStrategy", Struct)))
    );

    public static readonly Schema Lease = Of(("metadata", Metadata), ("spec", Struct));

    public static readonly Schema Service = Generic.With(
        ("spec", Of(("ports", ListBy(["port", "protocol"])), ("selector", Schema.Atomic)))
    );

    public static readonly Schema ServiceAccount = Of(
        ("metadata", Metadata),
        ("secrets", ListBy("name", Schema.Atomic)),
        ("imagePullSecrets", new Schema { PatchKey = "name" })
    );

    public static readonly Schema DisruptionBudget = Generic.With(("spec", Of(("selector", Schema.Atomic))));

    public static readonly Schema Event = Of(
        ("metadata", Metadata),
        ("involvedObject", Schema.Atomic),
        ("related", Schema.Atomic),
        ("source", Struct)
    );

    public static readonly Schema Role = Of(("metadata", Metadata));

    public static readonly Schema Binding = Of(("metadata", Metadata), ("roleRef", Schema.Atomic));
}
