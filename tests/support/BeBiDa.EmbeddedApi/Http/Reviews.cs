using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;
using BeBiDa.EmbeddedApi.Rbac;

namespace BeBiDa.EmbeddedApi.Http;

/// <summary>The questions that a client asks about itself: who am I, may I.</summary>
internal sealed class Reviews(Authorizer authorizer)
{
    public async Task HandleAsync(ApiRequest request)
    {
        var answer = await ResourceEndpoint.BodyAsync(request.Http);
        Registry.Validation.Identity(request.Type, answer);
        if (request.Type == ResourceTypes.SelfAccessReviews)
        {
            var allowed = authorizer.Allows(request.User, Asked(answer));
            answer["status"] = new JsonObject { ["allowed"] = allowed };
        }
        else if (request.Type == ResourceTypes.SelfRulesReviews)
        {
            var rules = authorizer.RulesOf(request.User, answer.At("spec", "namespace").Text() ?? "").ToList();
            answer["status"] = new JsonObject
            {
                ["resourceRules"] = new JsonArray([.. rules.Where(rule => rule["resources"] is not null).Select(rule => rule.DeepClone())]),
                ["nonResourceRules"] = new JsonArray([
                    .. rules.Where(rule => rule["nonResourceURLs"] is not null).Select(rule => rule.DeepClone()),
                ]),
                ["incomplete"] = false,
            };
        }
        else
        {
            var groups = new JsonArray([.. request.User.Groups.Select(group => JsonValue.Create(group))]);
            answer["status"] = new JsonObject
            {
                ["userInfo"] = new JsonObject { ["username"] = request.User.Name, ["groups"] = groups },
            };
        }
        await request.Http.WriteAsync(answer, 201);
    }

    private static AccessRequest Asked(JsonObject review)
    {
        if (review.At("spec", "nonResourceAttributes") is JsonObject path)
            return new(path.Text("verb") ?? "", "", "", "", "", "", path.Text("path") ?? "");
        var resource =
            review.At("spec", "resourceAttributes") as JsonObject
            ?? throw ApiError.BadRequest("exactly one of nonResourceAttributes or resourceAttributes must be specified");
        return new(
            resource.Text("verb") ?? "",
            resource.Text("group") ?? "",
            resource.Text("resource") ?? "",
            resource.Text("subresource") ?? "",
            resource.Text("namespace") ?? "",
            resource.Text("name") ?? ""
        );
    }
}
