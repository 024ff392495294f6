using System.Text.Json.Nodes;

namespace BeBiDa.EmbeddedApi.Objects;

/// <summary>A request's refusal, answered as a <c>meta/v1 Status</c>.</summary>
internal sealed class ApiError(int code, string reason, string message, JsonObject? details = null) : Exception(message)
{
    private readonly JsonObject? details = details;

    public int Code { get; } = code;

    public string Reason { get; } = reason;

    /// <summary>Seconds for the Retry-After header; none when null.</summary>
    public int? RetryAfter { get; init; }

    public JsonObject ToStatus()
    {
        var status = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Failure",
            ["message"] = Message,
        };
        if (Reason.Length > 0)
            status["reason"] = Reason;
        var shown = details?.Copy();
        if (RetryAfter is { } seconds)
            (shown ??= [])["retryAfterSeconds"] = seconds;
        if (shown is not null)
            status["details"] = shown;
        status["code"] = Code;
        return status;
    }

    public static ApiError NotFound(ResourceType type, string name) =>
        new(404, "NotFound", $"{type.QualifiedPlural} \"{name}\" not found", Details(type, name));

    public static ApiError NoSuchPath() => new(404, "NotFound", "the server could not find the requested resource", []);

    public static ApiError AlreadyExists(ResourceType type, string name) =>
        new(409, "AlreadyExists", $"{type.QualifiedPlural} \"{name}\" already exists", Details(type, name));

    public static ApiError Conflict(ResourceType type, string name, string why) =>
        new(409, "Conflict", $"Operation cannot be fulfilled on {type.QualifiedPlural} \"{name}\": {why}", Details(type, name));

    public static ApiError Modified(ResourceType type, string name) =>
        Conflict(type, name, "the object has been modified; please apply your changes to the latest version and try again");

    public static ApiError BadRequest(string message) => new(400, "BadRequest", message);

    public static ApiError Invalid(ResourceType type, string name, string field, string why) =>
        Invalid(type.Kind, type.Group, name, field, why);

    /// <summary>Options in a request's query that do not fit.</summary>
    public static ApiError InvalidOptions(string kind, string field, string why) => Invalid(kind, "meta.k8s.io", "", field, why);

    /// <summary>An identity that a patch would change; the API server states it once for each of two checks.</summary>
    public static ApiError ImmutableUid(ResourceType type, string name, string uid)
    {
        var error = Invalid(type, name, "metadata.uid", $"Invalid value: \"{uid}\": field is immutable");
        var causes = (JsonArray)error.details!["causes"]!;
        causes.Add(causes[0]!.DeepClone());
        return error;
    }

    /// <summary>A field of what is no resource of its own.</summary>
    public static ApiError Invalid(string kind, string group, string name, string field, string why)
    {
        var reason = why.Split(':')[0] switch
        {
            "Required value" => "FieldValueRequired",
            "Forbidden" => "FieldValueForbidden",
            "Too long" => "FieldValueTooLong",
            _ => "FieldValueInvalid",
        };
        var details = new JsonObject();
        if (name.Length > 0)
            details["name"] = name;
        if (group.Length > 0)
            details["group"] = group;
        details["kind"] = kind;
        details["causes"] = new JsonArray(
            new JsonObject
            {
                ["reason"] = reason,
                ["message"] = why,
                ["field"] = field,
            }
        );
        var qualified = group.Length == 0 ? kind : $"{kind}.{group}";
        return new(422, "Invalid", $"{qualified} \"{name}\" is invalid: {field}: {why}", details);
    }

    public static ApiError Expired(string message) => new(410, "Expired", message);

    public static ApiError MethodNotAllowed() =>
        new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", []);

    public static ApiError UnsupportedMedia(string message) => new(415, "UnsupportedMediaType", message, []);

    public static JsonObject Details(ResourceType type, string name)
    {
        var details = new JsonObject { ["name"] = name };
        if (type.Group.Length > 0)
            details["group"] = type.Group;
        details["kind"] = type.Plural;
        return details;
    }
}
