using k8s;
using k8s.Models;

namespace BeBiDa.Hollow.Api;

/// <summary>Owner references: whose an object is.</summary>
internal static class Ownership
{
    public static V1OwnerReference? Controller(this IKubernetesObject<V1ObjectMeta> obj) =>
        obj.Metadata.OwnerReferences?.FirstOrDefault(reference => reference.Controller == true);

    public static V1OwnerReference AsController(this IKubernetesObject<V1ObjectMeta> owner, string apiVersion, string kind) =>
        new()
        {
            ApiVersion = apiVersion,
            Kind = kind,
            Name = owner.Metadata.Name,
            Uid = owner.Metadata.Uid,
            Controller = true,
            BlockOwnerDeletion = true,
        };
}
