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

    private static readonly Schema Container = Of(
        ("ports", ListBy(["containerPort", "protocol"])),
        ("env", ListBy("name")),
        ("volumeMounts", ListBy("mountPath"))
    );

    public static readonly Schema PodSpec = Of(
        ("containers", ListBy("name", Container) with { IsAlwaysThere = true }),
        ("initContainers", ListBy("name", Container)),
        ("volumes", ListBy("name")),
        ("imagePullSecrets", ListBy("name", Schema.Atomic)),
        ("nodeSelector", Schema.Atomic),
        ("affinity", Of(("nodeAffinity", Of(("requiredDuringSchedulingIgnoredDuringExecution", Schema.Atomic)))))
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
        ("status", Of(("conditions", Conditions), ("podIPs", ListBy("ip"))))
    );

    public static readonly Schema Node = Generic.With(
        ("spec", Of(("podCIDRs", Set))),
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

    public static readonly Schema Event = Of(("metadata", Metadata), ("involvedObject", Schema.Atomic), ("source", Struct));

    public static readonly Schema Role = Of(("metadata", Metadata));

    public static readonly Schema Binding = Of(("metadata", Metadata), ("roleRef", Schema.Atomic));
}
