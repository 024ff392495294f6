using BeBiDa.EmbeddedApi.ServerSideApply;
using BeBiDa.EmbeddedApi.Tables;

namespace BeBiDa.EmbeddedApi.Objects;

/// <summary>Every resource that is served. A new one is one line.</summary>
internal static class ResourceTypes
{
    private static readonly string[] AllCategory = ["all"];

    public static readonly ResourceType Namespaces = new("", "v1", "Namespace", "namespaces", "ns")
    {
        Namespaced = false,
        HasStatus = true,
        SelectableFields = ["status.phase"],
        Defaults = ObjectDefaults.Namespace,
    };

    public static readonly ResourceType Nodes = new("", "v1", "Node", "nodes", "no")
    {
        Namespaced = false,
        HasStatus = true,
        Schema = Schemas.Node,
        SelectableFields = ["spec.unschedulable"],
        Columns = Columns.Node,
    };

    public static readonly ResourceType Pods = new("", "v1", "Pod", "pods", "po")
    {
        Categories = AllCategory,
        HasStatus = true,
        HasGeneration = true,
        Schema = Schemas.Pod,
        Defaults = ObjectDefaults.Pod,
        Columns = Columns.Pod,
        SelectableFields = ["spec.nodeName", "status.phase"],
    };

    public static readonly ResourceType Events = new("", "v1", "Event", "events", "ev")
    {
        Schema = Schemas.Event,
        SelectableFields =
        [
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "reason",
            "type",
        ],
    };

    public static readonly ResourceType ServiceAccounts = new("", "v1", "ServiceAccount", "serviceaccounts", "sa")
    {
        Schema = Schemas.ServiceAccount,
    };

    public static readonly ResourceType ConfigMaps = new("", "v1", "ConfigMap", "configmaps") { ShortNames = ["cm"] };

    public static readonly ResourceType Secrets = new("", "v1", "Secret", "secrets") { };

    public static readonly ResourceType Services = new("", "v1", "Service", "services", "svc")
    {
        Categories = AllCategory,
        HasStatus = true,
        Schema = Schemas.Service,
    };

    public static readonly ResourceType Deployments = Workload("Deployment", "deployments", "deploy");

    public static readonly ResourceType ReplicaSets = Workload("ReplicaSet", "replicasets", "rs");

    public static readonly ResourceType DaemonSets = Workload("DaemonSet", "daemonsets", "ds") with { Defaults = ObjectDefaults.Template };

    public static readonly ResourceType DisruptionBudgets = new("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "pdb")
    {
        HasStatus = true,
        HasGeneration = true,
        Schema = Schemas.DisruptionBudget,
    };

    public static readonly ResourceType Leases = new("coordination.k8s.io", "v1", "Lease", "leases") { Schema = Schemas.Lease };

    public static readonly ResourceType Roles = new("rbac.authorization.k8s.io", "v1", "Role", "roles") { Schema = Schemas.Role };

    public static readonly ResourceType ClusterRoles = new("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles")
    {
        Namespaced = false,
        Schema = Schemas.Role,
    };

    public static readonly ResourceType RoleBindings = new("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings")
    {
        Schema = Schemas.Binding,
        Defaults = ObjectDefaults.RoleBinding,
    };

    public static readonly ResourceType ClusterRoleBindings = new(
        "rbac.authorization.k8s.io",
        "v1",
        "ClusterRoleBinding",
        "clusterrolebindings"
    )
    {
        Namespaced = false,
        Schema = Schemas.Binding,
        Defaults = ObjectDefaults.RoleBinding,
    };

    public static readonly ResourceType CertificateRequests = new(
        "certificates.k8s.io",
        "v1",
        "CertificateSigningRequest",
        "certificatesigningrequests"
    )
    {
        ShortNames = ["csr"],
        Namespaced = false,
        HasStatus = true,
        SelectableFields = ["spec.signerName"],
    };

    public static readonly ResourceType SelfAccessReviews = Review("authorization.k8s.io", "SelfSubjectAccessReview");

    public static readonly ResourceType SelfRulesReviews = Review("authorization.k8s.io", "SelfSubjectRulesReview");

    public static readonly ResourceType SelfReviews = Review("authentication.k8s.io", "SelfSubjectReview");

    public static readonly ResourceType[] All =
    [
        Namespaces,
        Nodes,
        Pods,
        Events,
        ServiceAccounts,
        ConfigMaps,
        Secrets,
        Services,
        Deployments,
        ReplicaSets,
        DaemonSets,
        DisruptionBudgets,
        Leases,
        Roles,
        ClusterRoles,
        RoleBindings,
        ClusterRoleBindings,
        CertificateRequests,
        SelfAccessReviews,
        SelfRulesReviews,
        SelfReviews,
    ];

    private static readonly Dictionary<(string Group, string Version, string Plural), ResourceType> ByName = All.ToDictionary(type =>
        (type.Group, type.Version, type.Plural)
    );

    public static ResourceType? Find(string group, string version, string plural) => ByName.GetValueOrDefault((group, version, plural));

    private static ResourceType Workload(string kind, string plural, string shortName) =>
        new("apps", "v1", kind, plural, shortName)
        {
            Categories = AllCategory,
            HasStatus = true,
            HasGeneration = true,
            Schema = Schemas.Workload,
            Defaults = ObjectDefaults.Workload,
        };

    private static ResourceType Review(string group, string kind) =>
        new(group, "v1", kind, kind.ToLowerInvariant() + "s") { Namespaced = false, CreateOnly = true };
}
