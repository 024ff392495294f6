using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;

namespace BeBiDa.Hollow.Controllers;

/// <summary>A short name for what a pod template says, whatever the order it says it in.</summary>
internal static class TemplateHash
{
    public static string Of(V1PodTemplateSpec template)
    {
        var text = Sorted(JsonNode.Parse(KubernetesJson.Serialize(template)))?.ToJsonString() ?? "";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..10];
    }

    private static JsonNode? Sorted(JsonNode? node) =>
        node switch
        {
            JsonObject obj => new JsonObject(
                obj.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => KeyValuePair.Create(entry.Key, Sorted(entry.Value)))
            ),
            JsonArray array => new JsonArray([.. array.Select(Sorted)]),
            _ => node?.DeepClone(),
        };
}
